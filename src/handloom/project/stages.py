"""`dvc.yaml` of a project, made from that of the repository."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from handloom.config import KINDS, Kind
from handloom.project.installed import INSTALLED_FILE, SOURCE

_HEADER = f"""\
# Pictures in, Core ML models out.
#   dvc repro                          everything
#   dvc repro export_coreml@{{kind}}{{space}}what that model needs, and nothing else is looked at
#
# Made by `handloom init`. The stages run the installed handloom; its code is not in this folder, so they depend on the
# hashes in {INSTALLED_FILE}, each on that of the code that it runs. The first stage writes that file anew whenever
# `dvc repro` is called, so that an upgrade of handloom runs what it changes and nothing else.
"""
_INSTALLED = {
    "desc": "which handloom is installed, so that an upgrade is noticed",
    "cmd": "python -m handloom.project.installed",
    "always_changed": True,
    "outs": [{INSTALLED_FILE: {"cache": False}}],
}


def project_stages(repository: str, kinds: Sequence[Kind]) -> str:
    """The text of a project's dvc.yaml.

    Args:
        repository: the text of the repository's own.
        kinds: whose stages are kept.
    """
    content = yaml.safe_load(repository)
    left_out = [kind for kind in KINDS if kind not in kinds]
    stages = {
        name: _stage(name, stage, kinds)
        for name, stage in content["stages"].items()
        if not any(name.endswith(f"_{kind}") for kind in left_out)
    }
    plots = [
        plot for plot in content["plots"] if not any(name.endswith(f" {kind}") for name in plot for kind in left_out)
    ]
    text = yaml.safe_dump(
        {"stages": {"installed_handloom": _INSTALLED, **stages}, "plots": plots}, sort_keys=False, width=120
    )
    header = _HEADER.format(kind=kinds[0], space=" " * (11 - len(kinds[0])))
    return header + re.sub(r"\n(?=  \w+:\n|\w+:\n)", "\n\n", text).replace("stages:\n\n", "stages:\n")


def _stage(name: str, stage: dict[str, Any], kinds: Sequence[Kind]) -> dict[str, Any]:
    if "do" in stage:
        own: Any = stage["foreach"]
        if own == "${data}" and len(kinds) < len(KINDS):
            own = {kind: f"${{data.{kind}}}" for kind in kinds}
        return {"foreach": own, "do": _on_installed_code(name, stage["do"])}
    return _on_installed_code(name, stage)


def _on_installed_code(name: str, stage: dict[str, Any]) -> dict[str, Any]:
    deps = [path for path in stage["deps"] if not path.startswith(SOURCE)]
    return stage | {"params": [*stage.get("params", []), {INSTALLED_FILE: [f"code.{name}"]}], "deps": deps}
