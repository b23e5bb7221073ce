"""Python, handloom and its packages, by what handloom's own metadata ask for; what some do of their own accord."""

import platform
import re
from collections.abc import Iterator
from pathlib import Path

import handloom
from handloom.cli.calls_home import calls_home
from handloom.cli.doctor.machine import Finding
from handloom.cli.requirements import asked_packages
from handloom.errors import HandloomError
from handloom.project.template import template_folder
from handloom.support.extras import WHOLE, installed_to_train


def check_packages() -> Iterator[Finding]:
    """Python's version, handloom's, and a finding for each package."""
    yield Finding("Python", "ok", f"{platform.python_version()}, {platform.machine()}")
    yield Finding("handloom", "ok", handloom.__version__)

    tested = _tested_versions()
    for requirement, extra, found in asked_packages():
        asked = f"{requirement.name}{requirement.specifier}"
        typed = f"python -m pip install '{asked}'"
        if found is None:
            if extra == WHOLE and not installed_to_train():
                advice = f"type: python -m pip install 'handloom[{WHOLE}]'"
                yield Finding(requirement.name, "note", "not installed, predicting does not need it", advice)
            elif extra and extra != WHOLE:
                yield Finding(
                    requirement.name, "note", f"not installed, only {_EXTRAS.get(extra, extra)} needs it", typed
                )
            else:
                yield Finding(requirement.name, "MISSING", "not installed", f"type: {typed}")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            yield Finding(requirement.name, "MISSING", f"{found}, {requirement.specifier} is needed", f"type: {typed}")
        elif found.split("+")[0] != (known := tested.get(_plain(requirement.name), found.split("+")[0])):
            yield Finding(requirement.name, "note", f"{found}; handloom was tested with {known}")
        else:
            yield Finding(requirement.name, "ok", found)


def telemetry() -> Iterator[Finding]:
    """Who is told of each use."""
    for one in calls_home():
        yield Finding(one.item, "ok" if one.on is False else "note", one.text, one.switch)


def paths() -> Iterator[Finding]:
    """Whether DVC can make its temporary copies here."""
    folder = Path.cwd()
    if not str(folder).isascii():
        yield Finding(
            "DVC",
            "note",
            f"dvc exp run --temp and the queue end in \"'ascii' codec can't encode\" in {folder} (a fault of DVC)",
            "move the project to a path of ASCII letters",
        )


# What needs the packages of an extra.
_EXTRAS = {
    "ray": "extract_keypoints.backend: ray",
    "dask": "extract_keypoints.backend: dask",
    "onnx": "the format onnx of export_coreml.formats",
    "raw": "reading raw photos of cameras",
    "search": "handloom search",
    "coreai": "the format aimodel of export_coreml.formats",
}


def _tested_versions() -> dict[str, str]:
    try:
        lines = (template_folder() / "constraints.txt").read_text(encoding="utf-8").splitlines()
    except (HandloomError, OSError):
        return {}
    pairs = (line.split("==") for line in lines if "==" in line)
    return {_plain(name): known for name, known in pairs}


def _plain(name: str) -> str:
    """The name of a package as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
