"""Classify MLflow errors: a temporary outage, an unusable store, or a bug in our code."""

import errno
import re
import sqlite3
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import handloom
from handloom.errors import ConfigurationError, HandloomError, first_line, printable
from handloom.tracking.address import VARIABLE, Address

FULL_OR_READ_ONLY = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
_OUR_CODE = str(Path(handloom.__file__).parent)
_PASSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
# MLflow's codes for what a server says of itself.
_CODES_AWAY = {"TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED"}
_CODES_REFUSED = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED", "ENDPOINT_NOT_FOUND"}
_WRONG_ADDRESS = ("SSLError", "CERTIFICATE", "No connection adapters", "Failed to parse", "Invalid url", "Invalid URL")
_SHORT = {  # what libraries say at length
    "Connection refused": "it refuses the connection",
    "Name or service not known": "there is no host of that name",
    "Failed to resolve": "there is no host of that name",
    "timed out": "it does not answer",
    "timeout": "it does not answer",
}


NONSENSE = "the server there is not an MLflow server"


class WrongAddressError(ValueError):
    """`MLFLOW_TRACKING_URI` is no address that can be used; the text says why."""


class StoreError(ConfigurationError):
    """The store cannot be used; the text is the line that stops work which has not begun.

    Attributes:
        reason: a few words.
        passes: whether it may be gone later without anybody changing the address or the file.
    """

    def __init__(self, reason: str, passes: bool, address: Address) -> None:
        self.reason = address.hide(reason)
        self.passes = passes
        super().__init__(
            f"{address.shown}: the MLflow store cannot be used ({self.reason}); repair it, or move it away and a new"
            f" one is made, or set {VARIABLE} to another"
            if address.is_own
            else f"{VARIABLE}={address.shown}: cannot be used ({self.reason}); set it to the address of an MLflow"
            " server, or unset it for the store of this repository"
        )


def store_error(error: Exception, address: Address) -> StoreError | None:
    """What an error of the store means; None for one that is neither the store's nor the way's to it."""
    known = _meaning(error, address)
    return StoreError(known.reason, known.passes, address) if known else None


@dataclass(frozen=True)
class _Meaning:
    reason: str
    passes: bool


_NO_MLFLOW = _Meaning(NONSENSE, passes=False)


def _meaning(error: Exception, address: Address) -> _Meaning | None:
    from mlflow.exceptions import MlflowException, RestException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, WrongAddressError):
        return _Meaning(str(error), passes=False)
    if isinstance(error, MlflowException):
        known = _of_mlflow(str(error.message), error.error_code)
        return known or (_refusal(str(error.message)) if isinstance(error, RestException) else None)
    if isinstance(error, RequestException):  # before OSError, which it is too
        return _of_request(str(error))
    if isinstance(error, SQLAlchemyError | sqlite3.Error):
        return _of_database(str(error))
    if isinstance(error, OSError) and error.errno in FULL_OR_READ_ONLY:
        return _Meaning(error.strerror or first_line(error), passes=False)
    if isinstance(error, ImportError) and address.is_database:
        return _Meaning(f"Python has no {error.name}, the database's driver: install it with pip", passes=False)
    if address.is_server and not isinstance(error, HandloomError) and _raised_by_mlflow(error):
        return _NO_MLFLOW
    return None


def _raised_by_mlflow(error: Exception) -> bool:
    """Whether the error comes out of a call of MLflow, which met an answer of another form than it expects."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    ours = max((number for number, file in enumerate(files) if file.startswith(_OUR_CODE)), default=-1)
    return any("/mlflow/" in file for file in files[ours + 1 : ours + 2])


def _of_mlflow(message: str, code: str) -> _Meaning | None:
    if re.match(r"(API request to .* failed with|Invalid url)", message):
        return _of_request(message)
    if "response body was not in a valid JSON" in message:
        return _NO_MLFLOW
    if "sqlite3." in message or "sqlalche.me" in message:
        return _of_database(message)
    if message.startswith("Reading Databricks credential"):  # here, not an answer, though its code is INTERNAL_ERROR
        return _Meaning("Databricks needs a login: type databricks auth login", passes=False)
    if code in _CODES_AWAY:
        return _Meaning(f"it answers {code}", passes=True)
    if code in _CODES_REFUSED:
        return _Meaning(f"it answers {code}", passes=False)
    if "active' state" in message or "state: deleted" in message.lower():
        return _Meaning(f"{message.splitlines()[0]} Restore it in MLflow, or change tracking.experiment", passes=False)
    if "filesystem tracking backend" in message:
        return _Meaning("MLflow no longer keeps runs in plain folders; sqlite:///mlflow.db is a file", passes=False)
    if ("registry" in message.lower() and "URI" in message) or "Invalid database engine" in message:
        return _Meaning("MLflow does not know this kind of address", passes=False)
    return None


def _refusal(message: str) -> _Meaning:
    """A server's own word for what is wrong, cut to what a line holds."""
    return _Meaning(f"it refuses: {printable(message.strip()[:120])}", passes=False)


def _of_request(message: str) -> _Meaning:
    answered = re.search(r"error code (\d{3})|(\d{3}) error responses|^(\d{3}) \w+ Error", message)
    if answered:
        status = int(next(filter(None, answered.groups())))
        passes = status in _PASSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""  # proxies have numbers of their own
        return _Meaning(f"it answers {status} {phrase}".rstrip(), passes)
    if any(words in message for words in _WRONG_ADDRESS):
        return _Meaning("no address, or one whose certificate is not trusted", passes=False)
    short = next((short for words, short in _SHORT.items() if words in message), "it cannot be reached")
    return _Meaning(short, passes=True)


def _of_database(message: str) -> _Meaning:
    inner = re.search(r"\(\w[\w.]*Error\) (.*)", message)  # what the driver says, within what SQLAlchemy says
    reason = inner.group(1) if inner else message.strip().splitlines()[0]
    return _Meaning(reason, passes="locked" in reason)
