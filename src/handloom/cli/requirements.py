"""What handloom's own metadata ask for, and what of it is installed."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_OWN = "handloom"
_FOR_DEVELOPERS = "dev"  # an extra


class Asked(NamedTuple):
    """A package that handloom asks for.

    Attributes:
        requirement: name and versions.
        extra: what asks for it; empty for handloom itself.
        version: the installed one; None if there is none.
    """

    requirement: "Requirement"
    extra: str
    version: str | None


def asked_packages() -> Iterator[Asked]:
    """Each package on this platform, those for developers of handloom left out."""
    from packaging.requirements import Requirement

    for text in requires(_OWN) or []:
        requirement = Requirement(text)
        extra = _extra_of(requirement)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if extra == _FOR_DEVELOPERS or requirement.name == _OWN or not applies:
            continue
        try:
            yield Asked(requirement, extra, version(requirement.name))
        except PackageNotFoundError:
            yield Asked(requirement, extra, None)


def _extra_of(requirement: "Requirement") -> str:
    named = re.search(r"""extra\s*==\s*["']([\w-]+)["']""", str(requirement.marker or ""))
    return named[1] if named else ""
