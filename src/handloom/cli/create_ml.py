"""`handloom compare-create-ml`: Create ML's own model and handloom's on the rows of a Create ML project."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from handloom.cli.composing import parameters_for, section_of
from handloom.cli.overrides import overrides_argument
from handloom.cli.verb import PATH, json_option, results_only_on_stdout, verb
from handloom.errors import ConfigurationError, DataError, HandloomError, printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.evaluation.answers import Answer
    from handloom.runs.create_ml import Compared

_MAKERS = {"create_ml": "Create ML", "handloom": "handloom"}


@verb(
    examples="""
    handloom compare-create-ml Gestures.mlproj
    handloom compare-create-ml Gestures.mlproj --out compared train_pose.seed=2
    """
)
@click.argument("project", type=PATH, help="a hand pose project of Create ML, a folder that ends in .mlproj")
@overrides_argument("parameters of the training, by their names in params.yaml")
@click.option("--model", metavar="NAME", help="Name the project's model, if it has several.")
@click.option("--exported", type=PATH, metavar="FILE", help="Create ML's .mlmodel. [default: the one in the project]")
@click.option("--out", type=PATH, metavar="DIR", help="Keep the joints and the trained model there.")
@json_option("Print accuracy and confusions as JSON.")
def compare_create_ml(
    project: Path, overrides: Sequence[str], model: str | None, exported: Path | None, out: Path | None, as_json: bool
) -> int:
    """Compare Create ML's own model with handloom's.

    Reads the joints that Create ML kept, trains on its training rows, and runs Create ML's exported model and
    handloom's on the same validation rows. Prints accuracies and confusion tables.
    """
    if not project.exists():
        raise DataError(f"{printable(str(project))}: no such folder; name a project of Create ML (.mlproj)")
    if out is not None and out.exists() and not out.is_dir():
        raise HandloomError(f"--out {printable(str(out))}: a file; name a folder")

    from handloom.config import CreateMLProject
    from handloom.runs.create_ml import compare_with_create_ml

    if other := [word for word in overrides if section_of(word) != "train_pose"]:
        raise ConfigurationError(f"{printable(other[0])}: has no effect here, only train_pose has; leave it out")
    parameters = parameters_for("pose", project, ["data/pose=create_ml_project", *overrides])
    source = CreateMLProject(path=str(project), model=model or "")
    with results_only_on_stdout(), TemporaryDirectory() if out is None else nullcontext(out) as folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        found = compare_with_create_ml(source, exported, parameters, Path(folder))
    for note in found.notes:
        print(f"handloom compare-create-ml: {printable(note)}", file=sys.stderr)
    print(json_text(_plain(found), indent=2) if as_json else _text(found))
    return DONE


def _answers(found: "Compared") -> "dict[str, dict[str, list[Answer]]]":
    return {"create_ml": found.create_ml, "handloom": found.handloom}


def _plain(found: "Compared") -> dict[str, Any]:
    from handloom.evaluation.metrics import confusion, summary

    return {
        maker: {
            part: {**summary(answers), "confusion": confusion(answers, found.classes)}
            for part, answers in by_part.items()
        }
        for maker, by_part in _answers(found).items()
    }


def _text(found: "Compared") -> str:
    from handloom.evaluation.metrics import summary

    rows = [
        [f"{part} rows", len(answers), *(f"{summary(by_part[part])['accuracy_end_to_end']:.1%}" for by_part in models)]
        for models in [list(_answers(found).values())]
        for part, answers in found.handloom.items()
    ]
    parts = [text_table(rows, ["right", "rows", *_MAKERS.values()])]
    for maker, by_part in _answers(found).items():
        parts.append(f"{_MAKERS[maker]}, validation rows: a line for each class, a column for each answer")
        parts.append(_matrix(by_part["validation"], found.classes))
    return "\n\n".join(parts)


def _matrix(answers: "list[Answer]", classes: list[str]) -> str:
    """How often each class got each answer; an answer that was never given has no column."""
    from handloom.evaluation.metrics import confusion

    counts = {(row["label"], row["predicted"]): row["count"] for row in confusion(answers, classes)}
    given = [one for one in classes if any(counts.get((label, one)) for label in classes)]
    tested = [label for label in classes if any((label, one) in counts for one in classes)]
    return text_table([[label, *(counts[label, one] or "." for one in given)] for label in tested], ["", *given])
