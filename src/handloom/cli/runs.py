"""The verbs of recorded runs: two side by side, and one made again and compared with its record."""

import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handloom.cli.verb import PATH, json_option, verb
from handloom.errors import HandloomError
from handloom.support.console import DONE, REFUSED, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.runs.recorded import Comparison, RecordedRun

_LONGEST = 40  # of a value in the table


@verb(
    examples="""
    handloom compare quirky-gnat 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1
    handloom compare quirky-gnat fizzy-bird --json
    """
)
@click.argument("a", help="id or name of an MLflow run, or name of an experiment")
@click.argument("b", help="the other one")
@json_option("Print the same as JSON, with all digits.")
def compare(a: str, b: str, as_json: bool) -> int:
    """Compare two runs: parameters, metrics, data.

    Prints what two MLflow runs were made of, the parameters that differ, and their metrics with the differences
    (B - A). A name is that of a `dvc exp` experiment or of a run, or its beginning up to a comma. For each kind the
    newest run is taken.
    """
    from handloom.runs.recorded import compare as compared
    from handloom.runs.recorded import recorded_runs
    from handloom.support.workspace import Workspace

    workspace = Workspace.here()
    first, second = recorded_runs(workspace, a), recorded_runs(workspace, b)
    both = [kind for kind in first if kind in second]
    if not both:
        raise HandloomError(f"{a} is of {' and '.join(first)}, {b} of {' and '.join(second)}; name two of a kind")
    found = {kind: compared(first[kind], second[kind]) for kind in both}
    if as_json:
        print(json_text({kind: asdict(one) for kind, one in found.items()}, indent=2))
        return DONE
    print("\n\n".join(_text(first[kind], second[kind], comparison) for kind, comparison in found.items()))
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


@verb(
    examples="""
    handloom reproduce 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1
    handloom reproduce 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1 --into ../again
    """
)
@click.argument("reference", metavar="RUN", help="id of an MLflow run, or the fingerprint of a training")
@click.option(
    "--into",
    type=PATH,
    metavar="DIR",
    show_default="a temporary folder",
    help="A new folder for the run; it is kept.",
)
@click.option("--force", is_flag=True, help="Repeat a run of changed files without the changes.")
@json_option("Print the table as JSON.")
def reproduce(reference: str, into: Path | None, force: bool, as_json: bool) -> int:
    """Repeat a run from its commit, and compare the results.

    Checks out the commit of an MLflow run in a new folder, with the run's parameters and DVC's cache of this
    repository, trains and evaluates there, and prints the recorded and the new results, compared bit for bit. Runs
    and models of this repository stay as they are. A temporary folder is kept if the results differ.
    """
    from handloom.runs.recorded import recorded_runs
    from handloom.runs.reproduce import changed_packages, check
    from handloom.runs.reproduce import reproduce as reproduced
    from handloom.support.workspace import Workspace

    workspace = Workspace.here()
    found = recorded_runs(workspace, reference)
    if len(found) > 1:
        ids = ", ".join(f"{one.run_id} ({kind})" for kind, one in found.items())
        raise HandloomError(f"{reference} is the name of several runs; name one by its id: {ids}")
    (recorded,) = found.values()
    check(recorded, force)
    folder = into or Path(tempfile.mkdtemp(prefix="handloom-reproduce-"))
    try:
        rows = reproduced(workspace, recorded, folder)
    except HandloomError:
        if not into and not any(folder.iterdir()):
            folder.rmdir()
        raise
    equal = all(row.equal for row in rows)
    if as_json:
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
        print(f"the results are in {folder}", file=sys.stderr)
    elif not into:
        shutil.rmtree(folder)
    return DONE if equal else REFUSED
