"""Stage export_coreml: the trained model as a Core ML file with Create ML's interface."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stage import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.export.export import export_coreml

    print(export_coreml(parameters, kind, model=Path(f"models/{kind}"), out=Path(f"exports/{kind}")))


if __name__ == "__main__":
    run_stage(__file__, main)
