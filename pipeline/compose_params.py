"""Write params.yaml as Hydra composes it from conf/. Not a stage: `dvc exp run` composes, `dvc repro` never does."""

import sys
from pathlib import Path

from handloom.compose import write_parameters
from handloom.errors import HandloomError

if __name__ == "__main__":
    try:
        write_parameters(Path("conf"), Path("params.yaml"))
    except HandloomError as error:
        sys.exit(f"compose_params: {error}")
