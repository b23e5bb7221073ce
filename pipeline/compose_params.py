"""Write params.yaml as Hydra composes it from conf/. Not a stage: `dvc exp run` composes, `dvc repro` never does."""

from pathlib import Path

from handloom.compose import composed_text

if __name__ == "__main__":
    Path("params.yaml").write_text(composed_text(Path("conf")), encoding="utf-8")
