"""A table for the terminal."""

from collections.abc import Sequence

from handloom.errors import printable


def text_table(rows: Sequence[Sequence[object]], heads: Sequence[str] = ()) -> str:
    """Rows under the heads of their columns: the first column to the left, the others to the right.

    Floats have four digits after the point. None is empty. A wide letter takes two cells, as the terminal shows it.
    """
    from tabulate import tabulate  # here: `handloom doctor` answers without any package

    lines = [[_shown(value) for value in row] for row in ([heads, *rows] if heads else rows)]
    align = ("left", *["right"] * (len(lines[0]) - 1)) if lines else None
    return str(tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=align))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else printable(str(value))
