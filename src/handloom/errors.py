"""Errors that a user can cause: one line each, saying what is wrong, where, and what to do."""

import errno
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Categories of characters that would break a line, steer a terminal or stand for bytes that are no text.
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
# They turn the direction of what follows, so that a line reads as another one.
_TURNS_DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_unprintable(character: str) -> bool:
    """Whether a character would break a line, steer a terminal or turn the direction of the text."""
    return unicodedata.category(character) in _UNPRINTABLE or character in _TURNS_DIRECTION


def printable(name: str) -> str:
    """A name or a message as it can stand in one line: control characters escaped, all others left alone."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        character.encode("unicode_escape").decode("ascii") if is_unprintable(character) else character
        for character in name
    )


def renamed(reason: str, path: Path, shown: str) -> str:
    """The same error with a longer file name: several folders can have files of one name.

    Args:
        reason: a line that begins with the file's name, or another line, which stays as it is.
        path: of the file.
        shown: what to call it, for example its path as a person wrote it.
    """
    name = printable(path.name)
    return f"{printable(shown)}{reason[len(name) :]}" if reason.startswith(f"{name}: ") else reason


def first_line(error: BaseException) -> str:
    """What a library's error says, cut to one line; its type where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


# What the operating system refuses because of the place or the disk, and what a person can do about it.
_ROOM = "free disk space there, or choose another place"
_ALLOW = "allow writing there, or choose another place"
_PLACE = "name another place"
_WAYS_OUT = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EROFS: _ALLOW,
    errno.EACCES: _ALLOW,
    errno.EPERM: _ALLOW,
    errno.ENOENT: "check that it exists, and that no program removes it",
    errno.ENOTDIR: _PLACE,
    errno.EISDIR: _PLACE,
    errno.EEXIST: _PLACE,
    errno.ENAMETOOLONG: _PLACE,
    errno.ELOOP: _PLACE,
    errno.EINVAL: _PLACE,
    errno.EIO: "check the disk",
    errno.EMFILE: "close other programs, or raise the limit (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.ENOMEM: "close other programs",
}


def told(error: BaseException) -> str | None:
    """The line that reports an error to the user; None for a bug, which keeps its traceback.

    Besides a `HandloomError` that is what the operating system refuses. Libraries may hide a full or a read-only disk
    behind an error of their own, which then has it as its cause or context.
    """
    if isinstance(error, HandloomError):
        return str(error)
    if isinstance(error, OSError) and (error.errno in _WAYS_OUT or type(error).__module__ == "shutil"):
        return _refused(error)
    inner = error.__cause__ or error.__context__
    while inner is not None:
        if isinstance(inner, OSError) and _WAYS_OUT.get(inner.errno or 0) in (_ROOM, _ALLOW):
            return _refused(inner)
        if getattr(inner, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR")):
            return f"a database cannot be written ({first_line(inner)}); free disk space or allow writing there"
        inner = inner.__cause__ or inner.__context__
    return None


@contextmanager
def as_handloom_error() -> Iterator[None]:
    """Raise errors of the operating system in the block as a `HandloomError`; bugs pass unchanged."""
    try:
        yield
    except HandloomError:
        raise
    except Exception as error:
        text = told(error)
        if text is None:
            raise
        raise HandloomError(text) from None


def reason_of(error: OSError) -> str:
    """Why the operating system refused something, in a few words."""
    if error.errno is None and error.args and isinstance(error.args[0], list) and error.args[0]:
        text = str(error.args[0][0][-1])  # shutil's list of what it could not copy, and why
        return text.partition("] ")[2].partition(": ")[0] or text
    return error.strerror or first_line(error)


def _refused(error: OSError) -> str:
    name = error.filename
    if isinstance(name, bytes):
        name = name.decode(errors="backslashreplace")
    place = f"{printable(str(name))}: " if name is not None else ""
    return f"{place}{reason_of(error)}; {_WAYS_OUT.get(error.errno or errno.ENOSPC, _ROOM)}"


class HandloomError(Exception):
    """A mistake in data, configuration or set-up that the user can fix.

    Stage scripts and the command line print its text as one line and exit with status 1.
    """


class Paused(KeyboardInterrupt):
    """Ctrl-C in work that resumes from where it was; the text says how. What starts work prints it, with status 130."""


class ConfigurationError(HandloomError):
    """A parameter is unknown, of the wrong type or out of range. The text starts with the key's full name."""


class DivergenceError(HandloomError):
    """A training's loss or weights are not finite."""


class DataError(HandloomError):
    """The user's files or folders cannot be used as they are."""


class LandmarkModelError(HandloomError):
    """The hand landmark model could not be fetched, or is another file."""


def expect(name: str, value: Any, *types: type, advice: str = "") -> None:
    """Refuse an argument of any other type.

    Raises:
        ConfigurationError: it is not; the text names it, what was expected, what was given, and what to pass.
    """
    if not isinstance(value, types):
        names = " or ".join(one.__name__ for one in types)
        given = printable(" ".join(repr(value).split())[:80])
        what = f"{name}: {names} expected (got {given}, of type {type(value).__name__})"
        raise ConfigurationError(f"{what}; {advice}" if advice else what)
