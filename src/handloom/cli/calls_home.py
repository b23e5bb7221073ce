"""Which libraries tell their makers of each use, whether they do so now, and how it is switched off."""

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from typing import NamedTuple

from handloom.errors import first_line

LOGGING_HOST = "play.googleapis.com"  # what `strace -f -e trace=network` shows of MediaPipe 1.2.2
_MLFLOW, _RAY = "MLFLOW_DISABLE_TELEMETRY", "RAY_USAGE_STATS_ENABLED"


class CallsHome(NamedTuple):
    """What one library sends.

    Attributes:
        item: what sends.
        on: whether it does so; None if it depends on what is run.
        text: the state in words.
        switch: how to stop it; empty if it is off.
    """

    item: str
    on: bool | None
    text: str
    switch: str = ""


def calls_home() -> Iterator[CallsHome]:
    """Those of the libraries that are installed."""
    checks = {"mediapipe": _mediapipe, "mlflow": _mlflow, "dvc": _dvc, "ray": _ray}
    for package, check in checks.items():
        with suppress(ImportError):  # not installed, or not as a whole
            yield check(version(package))


def _mediapipe(found: str) -> CallsHome:
    return CallsHome(
        "MediaPipe's metrics",
        None,
        f"{found} calls {LOGGING_HOST} while it looks for hands, and has no switch; it does so only with"
        " extract_keypoints.landmarker.runtime: mediapipe",
        f"to stop it, put a line `0.0.0.0 {LOGGING_HOST}` into /etc/hosts, or type, on Linux: unshare -rn COMMAND",
    )


def _mlflow(_: str) -> CallsHome:
    given = os.environ.get(_MLFLOW, "true")  # `tracking.store` sets it unless a person did
    if given.lower() in ("true", "1"):
        return CallsHome("MLflow's telemetry", False, "off")
    return CallsHome("MLflow's telemetry", True, f"on, because {_MLFLOW} is {given}", f"type: unset {_MLFLOW}")


def _dvc(_: str) -> CallsHome:
    from dvc.analytics import is_enabled
    from dvc.config import ConfigError

    item = "DVC's analytics"
    try:
        on = bool(is_enabled())
    except ConfigError as error:
        return CallsHome(item, None, f"DVC's configuration cannot be read ({first_line(error)})")
    if not on:
        return CallsHome(item, False, "off")
    return CallsHome(item, True, "on", "type: dvc config --global core.analytics false")


def _ray(_: str) -> CallsHome:
    item, when = "Ray's usage statistics", "used only with extract_keypoints.backend: ray"
    if os.environ.get(_RAY) == "0":
        return CallsHome(item, False, "off")
    return CallsHome(item, None, f"on unless `ray disable-usage-stats` was run; {when}", f"type: export {_RAY}=0")
