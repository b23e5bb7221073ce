"""The Swift package for the app: source files that travel with handloom and are copied beside a model."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from handloom.support.files import replacing

PACKAGE_NAME = "HandloomKit"


def write_swift_package(to: Path) -> None:
    """Write the package `HandloomKit` as the folder `to`, in place of what is there."""
    with replacing(to) as beside:
        for path, source in _sources(files("handloom.export") / "swift" / PACKAGE_NAME, Path()):
            target = beside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def _sources(folder: Traversable, path: Path) -> Iterator[tuple[Path, Traversable]]:
    """All files below `folder`, sorted; hidden ones are left out, since Swift builds into one."""
    for source in sorted(folder.iterdir(), key=lambda one: one.name):
        if source.name.startswith("."):
            continue
        if source.is_dir():
            yield from _sources(source, path / source.name)
        else:
            yield path / source.name, source
