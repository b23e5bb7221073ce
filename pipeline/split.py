"""Stage split: which examples are for training, validation and testing."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stage import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.dataset.split import split_table

    counts = split_table(
        Path(f"data/keypoints/{kind}.parquet"), parameters.split, out=Path(f"data/splits/{kind}.parquet")
    )
    for part, classes in counts.items():
        print(f"{part}: {sum(classes.values())} examples of {len(classes)} classes")


if __name__ == "__main__":
    run_stage(__file__, main)
