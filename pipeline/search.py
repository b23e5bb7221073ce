"""Search for better parameters of a training, with Optuna. No stage of `dvc.yaml`; what it needs, `split` makes."""

from collections.abc import Sequence
from pathlib import Path

from handloom.config import Kind
from handloom.stages.script import run_script


def main(project: Path, kind: Kind, words: Sequence[str]) -> None:
    from handloom.search.search import search

    search(project, kind, words)


if __name__ == "__main__":
    run_script(__file__, main)
