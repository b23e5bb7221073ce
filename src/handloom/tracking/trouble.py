"""What an error of the store means: that it is away for now, that it cannot be used at all, or that we are wrong."""

import errno
import re
import sqlite3
from dataclasses import dataclass
from http import HTTPStatus

from handloom.errors import ConfigurationError, HandloomError, first_line
from handloom.tracking.store import WrongAddressError, is_local, shown_address

FULL_OR_READ_ONLY = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
_PASSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
# MLflow's codes for what a server says of itself.
_CODES_AWAY = {"TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED"}
_CODES_REFUSED = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED", "ENDPOINT_NOT_FOUND"}
_WRONG_ADDRESS = ("SSLError", "CERTIFICATE", "No connection adapters", "Failed to parse", "Invalid url", "Invalid URL")
_SHORT = {  # what libraries say at length
    "Connection refused": "it refuses the connection",
    "Name or service not known": "there is no machine of that name",
    "Failed to resolve": "there is no machine of that name",
    "timed out": "it does not answer",
    "timeout": "it does not answer",
}


@dataclass(frozen=True)
class Trouble:
    """Why the store could not be used.

    Attributes:
        reason: a few words.
        passes: whether it may be gone later without anybody changing the address or the file.
    """

    reason: str
    passes: bool

    def as_error(self) -> HandloomError:
        """The line that stops work which has not begun."""
        if is_local():
            return HandloomError(
                f"{shown_address()}: the MLflow store cannot be used ({self.reason}); mend it, or move it away and a"
                " new one is made, or set MLFLOW_TRACKING_URI to another"
            )
        return ConfigurationError(
            f"MLFLOW_TRACKING_URI={shown_address()}: cannot be used ({self.reason}); set it to the address of an"
            " MLflow server, or unset it for the store of this repository"
        )


def trouble_of(error: Exception) -> Trouble | None:
    """What an error of the store means; None for one that is neither the store's nor the way's to it."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, WrongAddressError):
        return Trouble(str(error), passes=False)
    if isinstance(error, MlflowException):
        return _of_mlflow(str(error.message), error.error_code)
    if isinstance(error, RequestException):  # before OSError, which it is too
        return _of_request(str(error))
    if isinstance(error, SQLAlchemyError | sqlite3.Error):
        return _of_database(str(error))
    if isinstance(error, OSError) and error.errno in FULL_OR_READ_ONLY:
        return Trouble(error.strerror or first_line(error), passes=False)
    return None


def _of_mlflow(message: str, code: str) -> Trouble | None:
    if re.match(r"(API request to .* failed with|Invalid url)", message):
        return _of_request(message)
    if "response body was not in a valid JSON" in message:
        return Trouble("what answers there is no MLflow server", passes=False)
    if "sqlite3." in message or "sqlalche.me" in message:
        return _of_database(message)
    if code in _CODES_AWAY:
        return Trouble(f"it answers {code}", passes=True)
    if code in _CODES_REFUSED:
        return Trouble(f"it answers {code}", passes=False)
    if ("registry" in message.lower() and "URI" in message) or "filesystem tracking backend" in message:
        return Trouble("MLflow does not know this kind of address", passes=False)
    return None


def _of_request(message: str) -> Trouble:
    answered = re.search(r"error code (\d{3})|(\d{3}) error responses|^(\d{3}) \w+ Error", message)
    if answered:
        status = int(next(filter(None, answered.groups())))
        passes = status in _PASSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return Trouble(f"it answers {status} {HTTPStatus(status).phrase}", passes)
    if any(words in message for words in _WRONG_ADDRESS):
        return Trouble("no address, or one whose certificate is not trusted", passes=False)
    short = next((short for words, short in _SHORT.items() if words in message), "it cannot be reached")
    return Trouble(short, passes=True)


def _of_database(message: str) -> Trouble:
    inner = re.search(r"\(\w[\w.]*Error\) (.*)", message)  # what the driver says, within what SQLAlchemy says
    reason = inner.group(1) if inner else message.strip().splitlines()[0]
    return Trouble(reason, passes="locked" in reason)
