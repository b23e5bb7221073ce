"""Stage train_action: a classifier for hand actions in clips."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.training.train import train

    train(
        parameters,
        kind,
        table=Path(f"data/keypoints/{kind}.parquet"),
        split=Path(f"data/splits/{kind}.parquet"),
        out=Path(f"models/{kind}"),
    )


if __name__ == "__main__":
    run_stage(__file__, main, kind="action")
