"""Python, handloom and its packages, by what handloom's own metadata ask for; what some do of their own accord."""

import os
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import handloom
from handloom.cli.doctor.machine import Finding
from handloom.errors import HandloomError
from handloom.project.template import template_folder
from handloom.support.extras import WHOLE, installed_to_train

LOGGING_HOST = "play.googleapis.com"  # what `strace -f -e trace=network` shows of MediaPipe 1.2.2
_FOR_DEVELOPERS = "dev"


def check_packages() -> Iterator[Finding]:
    """Python's version, handloom's, and a finding for each package."""
    yield Finding("Python", "ok", f"{platform.python_version()}, {platform.machine()}")
    yield Finding("handloom", "ok", handloom.__version__)

    from packaging.requirements import Requirement

    tested = _tested_versions()
    for text in requires("handloom") or []:
        requirement = Requirement(text)
        extra = _extra_of(text)
        if extra == _FOR_DEVELOPERS or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        asked = f"{requirement.name}{requirement.specifier}"
        typed = f"python -m pip install '{asked}'"
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
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
    yield Finding(
        "MediaPipe's metrics",
        "note",
        f"{version('mediapipe')} calls {LOGGING_HOST} while it looks for hands, and has no switch; it does so only with"
        " extract_keypoints.landmarker.runtime: mediapipe",
        f"to stop it, put a line `0.0.0.0 {LOGGING_HOST}` into /etc/hosts, or type, on Linux: unshare -rn COMMAND",
    )
    item, name = "MLflow's telemetry", "MLFLOW_DISABLE_TELEMETRY"
    if os.environ.get(name, "true").lower() in ("true", "1"):
        yield Finding(item, "ok", "off")
    else:
        yield Finding(item, "note", f"on, because {name} is {os.environ[name]}", f"type: unset {name}")


def paths() -> Iterator[Finding]:
    """Whether DVC can make its temporary copies here."""
    folder = Path.cwd()
    if not str(folder).isascii():
        yield Finding(
            "DVC",
            "note",
            f"dvc exp run --temp and the queue end in \"'ascii' codec can't encode\" in {folder} (a fault of DVC)",
            "move the project to a path of plain letters",
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


def _extra_of(requirement: str) -> str:
    named = re.search(r"""extra\s*==\s*["']([\w-]+)["']""", requirement)
    return named[1] if named else ""


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
