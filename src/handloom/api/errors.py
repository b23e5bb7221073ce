"""Errors of a training session, named as in Create ML's `MLCreateError`."""

from typing import Any

from handloom.errors import ConfigurationError, DataError, HandloomError


class CancelledError(HandloomError):
    """The job was cancelled; its checkpoints are kept, and the session can be resumed."""


class IncompatibleParametersError(ConfigurationError):
    """A session was resumed with parameters that differ from its own.

    Attributes:
        parameter: its name.
        original_value: what the session was made with.
        new_value: what was given now.
    """

    def __init__(self, parameter: str, original_value: Any, new_value: Any) -> None:
        super().__init__(
            f"{parameter}: the session was made with {original_value!r}, now it is {new_value!r}; use that value,"
            " or another session directory"
        )
        self.parameter, self.original_value, self.new_value = parameter, original_value, new_value


class ModifiedTrainingDataError(DataError):
    """The training data has changed since the session was made."""
