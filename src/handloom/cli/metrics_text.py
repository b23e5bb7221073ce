"""Metrics as a person reads them."""

from collections.abc import Mapping, Sequence
from typing import Any

from handloom.errors import printable


def metrics_text(metrics: Mapping[str, float]) -> str:
    """A line a number."""
    width = max(len(name) for name in metrics)
    return "\n".join(f"{name:{width}}  {_shown(value)}" for name, value in metrics.items())


def table_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Some columns of rows, under each other: the first to the left, numbers to the right."""
    cells = [list(columns), *([_shown(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _shown(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else printable(str(value))
