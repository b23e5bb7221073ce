"""How well `params.yaml` trains, by folds: mean and spread. No stage of `dvc.yaml`; what it needs, `split` makes."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.cross_validation import as_table, cross_validate

    summaries = cross_validate(
        parameters,
        kind,
        table=Path(f"data/keypoints/{kind}.parquet"),
        split=Path(f"data/splits/{kind}.parquet"),
        out=Path(f"reports/cross_validation/{kind}"),
    )
    print(as_table(summaries))


if __name__ == "__main__":
    run_stage(__file__, main)
