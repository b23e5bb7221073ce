"""Stage export_coreml: the trained model as files with Create ML's interface, and the proof that they are the same."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.export.export import export_coreml

    verifications = export_coreml(
        parameters,
        kind,
        model=Path(f"models/{kind}"),
        table=Path(f"data/keypoints/{kind}.parquet"),
        split=Path(f"data/splits/{kind}.parquet"),
        out=Path(f"exports/{kind}"),
    )
    for one in verifications:
        print(one.summary)


if __name__ == "__main__":
    run_stage(__file__, main)
