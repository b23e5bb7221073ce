"""How well `params.yaml` trains, by folds: mean and spread. No stage of `dvc.yaml`; what it needs, `split` makes."""

from handloom.config import Kind, Parameters
from handloom.stages.layout import Layout
from handloom.stages.script import run_stage
from handloom.support.workspace import Workspace


def main(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> None:
    from handloom.cross_validation import cross_validate

    cross_validate(parameters, kind, layout, workspace)


if __name__ == "__main__":
    run_stage(__file__, main)
