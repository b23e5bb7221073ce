"""Write params.yaml as Hydra composes it from conf/. Not a stage: `dvc exp run` composes, `dvc repro` never does."""

import sys
from pathlib import Path

from handloom.compose import write_parameters
from handloom.ending import status_of

if __name__ == "__main__":
    sys.exit(status_of("compose_params", lambda: write_parameters(Path("conf"), Path("params.yaml"))))
