"""The verbs of recorded runs: two side by side, and one made again and compared with its record."""

import argparse
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handloom.cli.verb import Commands, add_verb
from handloom.errors import HandloomError
from handloom.support.console import DONE, REFUSED, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.runs.recorded import Comparison, RecordedRun

_LONGEST = 40  # of a value in the table


def add_compare(commands: Commands) -> None:
    """Add `handloom compare`."""
    compare = add_verb(
        commands,
        "compare",
        _compare,
        summary="two runs beside each other: parameters, metrics, data",
        description="Print what two MLflow runs were made of, the parameters that differ, and their metrics with the"
        " differences (B - A). A name is that of a `dvc exp` experiment or of a run, or its beginning up to a comma; of"
        " each kind the newest run is taken.",
        example="handloom compare quirky-gnat 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1",
    )
    compare.add_argument("a", metavar="A", help="id or name of an MLflow run, or name of an experiment")
    compare.add_argument("b", metavar="B", help="the other one")
    compare.add_argument("--json", action="store_true", help="the same as JSON, with all digits")


def _compare(given: argparse.Namespace) -> int:
    """Print a table, or three, for each kind that both have."""
    from handloom.runs.recorded import compare, recorded_runs
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


def add_reproduce(commands: Commands) -> None:
    """Add `handloom reproduce`."""
    reproduce = add_verb(
        commands,
        "reproduce",
        _reproduce,
        summary="make a run again from its commit, parameters and data, and compare",
        description="Check out the commit of an MLflow run in a new folder, with the run's parameters and DVC's cache"
        " of this repository; train and evaluate there; print what was recorded beside what came out, bit for bit. The"
        " reproduction is tracked in the new folder, so runs and models of this repository stay as they are.",
        example="handloom reproduce 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1",
    )
    reproduce.add_argument(
        "reference", metavar="RUN", help="id of an MLflow run, or the fingerprint of a training that a model names"
    )
    reproduce.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="a new folder, which is kept; else a temporary one, kept if they differ",
    )
    reproduce.add_argument("--anyway", action="store_true", help="also where files differed from the commit")
    reproduce.add_argument("--json", action="store_true", help="the table as JSON")


def _reproduce(given: argparse.Namespace) -> int:
    """Print the table; status 0 if all is equal."""
    from handloom.runs.recorded import recorded_runs
    from handloom.runs.reproduce import changed_packages, check, reproduce
    from handloom.support.workspace import Workspace

    workspace = Workspace.here()
    found = recorded_runs(workspace, given.reference)
    if len(found) > 1:
        ids = ", ".join(f"{one.run_id} ({kind})" for kind, one in found.items())
        raise HandloomError(f"{given.reference} is the name of several runs; name one by its id: {ids}")
    (recorded,) = found.values()
    check(recorded, given.anyway)
    folder = given.into or Path(tempfile.mkdtemp(prefix="handloom-reproduce-"))
    try:
        rows = reproduce(workspace, recorded, folder)
    except HandloomError:
        if not given.into and not any(folder.iterdir()):
            folder.rmdir()
        raise
    equal = all(row.equal for row in rows)
    if given.json:
        print(json_text({"run": recorded.run_id, "equal": equal, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        print(
            text_table(
                [[row.item, row.recorded, row.reproduced, "yes" if row.equal else "NO"] for row in rows],
                ["item", "recorded", "reproduced", "equal"],
            )
        )
    if not equal:
        for line in changed_packages(recorded):
            print(line, file=sys.stderr)
        print(f"what came out is in {folder}", file=sys.stderr)
    elif not given.into:
        shutil.rmtree(folder)
    return DONE if equal else REFUSED
