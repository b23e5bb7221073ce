"""Errors that a user can cause: one line each, saying what is wrong, where, and what to do."""

import unicodedata
from pathlib import Path

# Categories of characters that would break a line, steer a terminal or stand for bytes that are no text.
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
# They turn the direction of what follows, so that a line reads as another one.
_TURNS_DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(name: str) -> str:
    """The name of a file as it can stand in one line: control characters escaped, all others left alone."""
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in _UNPRINTABLE or character in _TURNS_DIRECTION
        else character
        for character in name
    )


def renamed(reason: str, path: Path, shown: str) -> str:
    """What is wrong with a file, with a longer name: folders have files of the same name.

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


class HandloomError(Exception):
    """A mistake in data, configuration or set-up that the person at the keyboard can mend.

    Stage scripts and the command line print its text as one line and exit with status 1; anything else is a bug and
    keeps its traceback.
    """


class ConfigurationError(HandloomError):
    """A parameter is unknown, of the wrong type or out of range. The text starts with the key's full name."""


class DivergenceError(HandloomError):
    """A training's loss or weights were no longer numbers."""


class DataError(HandloomError):
    """The user's files or folders cannot be used as they are."""


class LandmarkModelError(HandloomError):
    """The hand landmark model could not be had, or is not the file that was asked for."""
