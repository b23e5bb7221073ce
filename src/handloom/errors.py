"""Errors that a user can cause: one line each, saying what is wrong, where, and what to do."""

import unicodedata
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


def expect(name: str, value: Any, *types: type, advice: str = "") -> None:
    """Refuse an argument that is of none of these types.

    Raises:
        ConfigurationError: it is not; the text names it, what was expected, what was given, and what to pass.
    """
    if not isinstance(value, types):
        names = " or ".join(one.__name__ for one in types)
        given = printable(" ".join(repr(value).split())[:80])
        what = f"{name}: {names} expected (got {given}, of type {type(value).__name__})"
        raise ConfigurationError(f"{what}; {advice}" if advice else what)
