"""Write params.yaml as Hydra composes it from conf/. Not a stage: `dvc exp run` composes, `dvc repro` never does."""

import sys
from pathlib import Path

from handloom.compose import composed_text
from handloom.ending import status_of
from handloom.files import replacing


def main() -> None:
    text = composed_text(Path("conf"))
    with replacing(Path("params.yaml")) as part:
        part.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(status_of("compose_params", main))
