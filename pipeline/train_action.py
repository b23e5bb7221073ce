"""Stage train_action: a classifier for hand actions in clips."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.multirun import Multirun
from handloom.stage import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.training.train import train

    train(
        parameters,
        kind,
        table=Path(f"data/keypoints/{kind}.parquet"),
        split=Path(f"data/splits/{kind}.parquet"),
        out=Path(f"models/{kind}"),
    )


def search(multirun: Multirun, kind: Kind) -> None:
    from handloom.search.search import search

    search(multirun, kind, table=Path(f"data/keypoints/{kind}.parquet"), split=Path(f"data/splits/{kind}.parquet"))


if __name__ == "__main__":
    run_stage(__file__, main, kind="action", search=search)
