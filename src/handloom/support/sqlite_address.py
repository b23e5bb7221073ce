"""The address under which SQLAlchemy, and so MLflow and Optuna, opens a sqlite file."""

from pathlib import Path

from handloom.errors import HandloomError, printable

DRIVER = "sqlite+pysqlite"  # in full: of "sqlite:///" MLflow takes the rest for a path and makes its folders


def sqlite_address(file: Path) -> str:
    """The address of a sqlite file.

    Args:
        file: any path; characters that mean something in an address (`?`, `#`, `%`) are escaped.

    Raises:
        HandloomError: the path is not UTF-8.
    """
    from sqlalchemy import URL

    try:
        return URL.create(DRIVER, database=str(file)).render_as_string()
    except UnicodeEncodeError:
        raise HandloomError(
            f"{printable(str(file))}: the path is not UTF-8, which an address cannot contain; rename the folder"
        ) from None
