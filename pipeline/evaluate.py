"""Stage evaluate: how well the model does on the test part."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.evaluation.evaluate import evaluate

    metrics = evaluate(
        parameters,
        kind,
        model=Path(f"models/{kind}"),
        table=Path(f"data/keypoints/{kind}.parquet"),
        split=Path(f"data/splits/{kind}.parquet"),
        out=Path(f"reports/{kind}"),
    )
    print("  ".join(f"{name} {value}" for name, value in metrics.items()))


if __name__ == "__main__":
    run_stage(__file__, main)
