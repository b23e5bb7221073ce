"""`handloom info`: what a bug report should say of the installation, without anything that names a person."""

import getpass
import os
import platform
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import fill
from typing import TypeAlias

import handloom
from handloom.cli.verb import json_option, verb
from handloom.errors import printable
from handloom.support.console import DONE, json_text
from handloom.support.extras import WHOLE

Facts: TypeAlias = dict[str, str]

_WIDTH = 100
_CPU_MODEL = Path("/proc/cpuinfo")  # Linux; `platform.processor()` is empty there


@verb(
    examples="""
    handloom info
    handloom info --json > info.json
    """
)
@json_option("Print one JSON object.")
def info(as_json: bool) -> int:
    """Print versions and settings for a bug report.

    Prints the versions of handloom and of its libraries, the system, the networks that find hands, what calls home and
    where runs are tracked. Your home folder is shown as ~, and neither your name nor a password is printed. To check
    the installation, use handloom doctor.
    """
    content = _content()
    if as_json:
        print(json_text(content, indent=2))
        return DONE
    for heading, facts in content.items():
        if isinstance(facts, str):
            print(f"{heading}: {facts}")
        elif heading == "libraries":
            text = ", ".join(f"{name} {version}" for name, version in facts.items())
            print(fill(f"{heading}: {text}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False))
        else:
            print(f"{heading}:")
            for name, fact in facts.items():
                print(f"  {name}: {fact}")
    return DONE


def _content() -> dict[str, str | Facts]:
    sections: dict[str, Callable[[], Facts]] = {
        "handloom": _handloom,
        "Python": _python,
        "system": _system,
        "libraries": _libraries,
        "extras": _extras,
        "landmarker": _landmarker,
        "calls home": _calls_home,
        "tracking": _tracking,
    }
    content: dict[str, str | Facts] = {}
    for heading, section in sections.items():
        try:
            content[heading] = section()
        except ImportError as error:  # a bug report of an installation that is not complete
            content[heading] = f"not known without {error.name}"
    return content


def _handloom() -> Facts:
    from handloom.support.code import PACKAGE
    from handloom.support.files import sha256_of_file
    from handloom.support.fingerprint import fingerprint
    from handloom.support.repository import current_commit, git

    files = sorted(PACKAGE.rglob("*.py"))
    facts: Facts = {
        "version": handloom.__version__,
        "folder": _without_names(str(PACKAGE)),
        "code": fingerprint([[file.relative_to(PACKAGE).as_posix(), sha256_of_file(file)] for file in files]),
    }
    # A virtual environment may lie in the repository of something else.
    if git("ls-files", "--error-unmatch", "__init__.py", folder=PACKAGE) and (commit := current_commit(PACKAGE)):
        facts["commit"] = commit.sha
        facts["changed files"] = str(len(commit.changes))
    return facts


def _python() -> Facts:
    return {
        "version": f"{platform.python_version()} ({platform.python_implementation()})",
        "program": _without_names(sys.executable),
    }


def _system() -> Facts:
    return {"name": platform.platform(), "processor": _processor(), "CPUs": _cpus(), "GPU": _gpu()}


def _processor() -> str:
    try:
        named = re.search(r"^model name\s*:\s*(.+)$", _CPU_MODEL.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        named = None
    return named[1] if named else platform.processor() or platform.machine()


def _cpus() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{usable} of {os.cpu_count()}"


def _gpu() -> str:
    from handloom.cli.doctor.machine import gpu

    try:
        return ", ".join(finding.text for finding in gpu())
    except ImportError:
        return "not known without torch"


def _libraries() -> Facts:
    """The packages that handloom needs to predict and to train."""
    from handloom.cli.requirements import asked_packages

    asked = [one for one in asked_packages() if one.extra in ("", WHOLE)]
    return {one.requirement.name: one.version or "not installed" for one in asked}


def _extras() -> Facts:
    """Each other extra, with what is there of it."""
    from handloom.cli.requirements import asked_packages

    extras: dict[str, list[str]] = {}
    for one in asked_packages():
        if one.extra not in ("", WHOLE):
            extras.setdefault(one.extra, []).append(f"{one.requirement.name} {one.version or 'not installed'}")
    return {extra: ", ".join(packages) for extra, packages in extras.items()}


def _landmarker() -> Facts:
    from handloom.cli.doctor.machine import extraction_settings
    from handloom.landmarks.landmark_model import found_networks, model_file

    settings = extraction_settings()
    path = model_file(settings.landmark_model)
    facts = {"runtime": settings.landmarker.runtime, "file": _without_names(str(path))}
    if not path.exists():
        return facts | {"networks": "not downloaded yet"}
    return facts | {name: f"sha256 {sha256}" for name, sha256 in found_networks(path).items()}


def _calls_home() -> Facts:
    from handloom.cli.calls_home import calls_home

    return {one.item: f"{one.text}; {one.switch}" if one.switch else one.text for one in calls_home()}


def _tracking() -> Facts:
    from handloom.support.workspace import Workspace
    from handloom.tracking.address import VARIABLE, store_address

    address = store_address(Workspace.here())
    facts = {"address": _without_names(printable(address.shown)), "from": "default" if address.is_own else VARIABLE}
    return facts | ({"problem": printable(address.problem)} if address.problem else {})


def _without_names(text: str) -> str:
    """A path or an address with ~ for the home folder, and without the name of who is logged in."""
    with suppress(RuntimeError):  # no home
        home = str(Path.home())
        if home != "/":
            text = text.replace(home, "~")
    with suppress(OSError, KeyError):  # a number without a name, in a container
        text = re.sub(rf"(?<![\w-]){re.escape(getpass.getuser())}(?![\w-])", "<user>", text)
    return text
