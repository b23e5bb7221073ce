"""`dvc.yaml` of a project, made from that of the repository."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from handloom.config import KINDS, Kind

_HEADER = """\
# Pictures in, Core ML models out.
#   dvc repro                          everything
#   dvc repro export_coreml@{kind}{space}what that model needs, and nothing else is looked at
#
# Made by `handloom init`. The stages run the installed handloom; its code is not in this folder, so they depend on the
# hashes in code_versions.yaml, each on that of the code that it runs. The first stage writes that file whenever
# `dvc repro` is called, so that an upgrade of handloom runs what it changes and nothing else.
"""


def project_stages(repository: str, kinds: Sequence[Kind]) -> str:
    """The text of a project's dvc.yaml.

    Args:
        repository: the text of the repository's own.
        kinds: whose stages are kept.
    """
    content = yaml.safe_load(repository)
    left_out = [kind for kind in KINDS if kind not in kinds]
    stages = {
        name: _stage(stage, kinds)
        for name, stage in content["stages"].items()
        if not any(name.endswith(f"_{kind}") for kind in left_out)
    }
    plots = [
        plot for plot in content["plots"] if not any(name.endswith(f" {kind}") for name in plot for kind in left_out)
    ]
    text = yaml.safe_dump({"stages": stages, "plots": plots}, sort_keys=False, width=120)
    header = _HEADER.format(kind=kinds[0], space=" " * (11 - len(kinds[0])))
    return header + re.sub(r"\n(?=  \w+:\n|\w+:\n)", "\n\n", text).replace("stages:\n\n", "stages:\n")


def _stage(stage: dict[str, Any], kinds: Sequence[Kind]) -> dict[str, Any]:
    if stage.get("foreach") == "${data}" and len(kinds) < len(KINDS):
        return stage | {"foreach": {kind: f"${{data.{kind}}}" for kind in kinds}}
    return stage
