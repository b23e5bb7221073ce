"""What an interpreter says of a file that it cannot run."""

from pathlib import Path

from handloom.errors import DataError, printable


class UnknownOperation(DataError):  # noqa: N818  # it says what is wrong, as its text does
    """A saved file uses an operation that the interpreter does not have.

    Args:
        operation: its type, as the file names it.
        path: the file.
    """

    def __init__(self, operation: str, path: Path) -> None:
        super().__init__(
            f"{printable(str(path))}: uses the operation {printable(operation)[:150]!r}, which handloom does not know,"
            " and an operation is never skipped; run this file on a Mac"
        )
