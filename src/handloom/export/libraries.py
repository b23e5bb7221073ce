"""Calling libraries that read and write model files: some print too much, each raises its own errors."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from handloom.errors import DataError, HandloomError, first_line, printable


@contextmanager
def quiet() -> Iterator[None]:
    """Hide progress bars, remarks on versions and that coremltools cannot predict off a Mac; errors are raised."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def one_line(path: Path, what: str) -> Iterator[None]:
    """Whatever reading a damaged file raises, as one line. A saved file comes from anywhere, and may hold anything.

    Args:
        path: the file.
        what: it was taken for, as "a Core ML model".

    Raises:
        DataError: in place of any other error.
    """
    try:
        yield
    except HandloomError:
        raise
    except Exception as error:  # protobuf's, NumPy's and coremltools' own, and whatever their code happens to meet
        raise DataError(
            f"{printable(str(path))}: not {what} that can be read ({printable(first_line(error))[:200]}); export the"
            " model again"
        ) from error
