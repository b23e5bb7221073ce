"""`handloom compare`: two runs beside each other."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from handloom.cli.verb import Commands, add_verb
from handloom.errors import HandloomError
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.runs.compare import Comparison
    from handloom.runs.recorded import RecordedRun

_LONGEST = 40  # of a value in the table


def add(commands: Commands) -> None:
    """Add the verb."""
    compare = add_verb(
        commands,
        "compare",
        run,
        summary="two runs beside each other: parameters, metrics, data",
        description="Print what two MLflow runs were made of, the parameters that differ, and their metrics with the"
        " differences (B - A). A name is that of a `dvc exp` experiment or of a run, or its beginning up to a comma; of"
        " each kind the newest run is taken.",
        example="handloom compare quirky-gnat 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1",
    )
    compare.add_argument("a", metavar="A", help="id or name of an MLflow run, or name of an experiment")
    compare.add_argument("b", metavar="B", help="the other one")
    compare.add_argument("--json", action="store_true", help="the same as JSON, with all digits")


def run(given: argparse.Namespace) -> int:
    """Print a table, or three, for each kind that both have."""
    from handloom.runs.compare import compare
    from handloom.runs.recorded import recorded_runs
    from handloom.support.workspace import Workspace

    workspace = Workspace.here()
    a, b = recorded_runs(workspace, given.a), recorded_runs(workspace, given.b)
    both = [kind for kind in a if kind in b]
    if not both:
        raise HandloomError(f"{given.a} is of {' and '.join(a)}, {given.b} of {' and '.join(b)}; name two of a kind")
    found = {kind: compare(a[kind], b[kind]) for kind in both}
    if given.json:
        print(json_text({kind: asdict(one) for kind, one in found.items()}, indent=2))
        return DONE
    print("\n\n".join(_text(a[kind], b[kind], comparison) for kind, comparison in found.items()))
    return DONE


def _text(a: "RecordedRun", b: "RecordedRun", comparison: "Comparison") -> str:
    heading = f"{a.kind}: A is {a.name} ({a.run_id}), B is {b.name} ({b.run_id})"
    parts = [heading, _table(comparison.made_of)]
    parts.append(_table(comparison.parameters) if comparison.parameters else "all parameters are the same")
    if comparison.metrics:
        parts.append(_table(comparison.metrics))
    return "\n\n".join(parts)


def _table(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return text_table([[_short(row.get(name)) for name in columns] for row in rows], columns)


def _short(value: Any) -> Any:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, str):
        if len(value) >= 40 and set(value) <= set("0123456789abcdef"):
            return value[:12]
        return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    return value
