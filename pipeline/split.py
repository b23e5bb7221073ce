"""Stage split: which examples are for training, validation and testing."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.dataset.split import split_table, split_text

    table, out = Path(f"data/keypoints/{kind}.parquet"), Path(f"data/splits/{kind}.parquet")
    split_table(table, parameters.split, out)
    print(split_text(table, out, parameters.split))


if __name__ == "__main__":
    run_stage(__file__, main)
