"""Errors that a user can cause: one line each, saying what is wrong, where, and what to do."""


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


class DataError(HandloomError):
    """The user's files or folders cannot be used as they are."""


class LandmarkModelError(HandloomError):
    """The hand landmark model could not be had, or is not the file that was asked for."""
