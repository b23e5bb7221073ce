"""`handloom draw`: what descriptions of gestures look like, and which of them cannot be told apart."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from handloom.cli.verb import PATH, verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE, json_text

if TYPE_CHECKING:
    from handloom.described.gestures import Gesture


@verb(
    examples="""
    handloom draw data/gestures --out gestures.png
    handloom draw data/gestures/wave.yaml --out wave.mp4
    handloom draw --schema > gesture.schema.json
    """
)
@click.argument("description", type=PATH, metavar="[FILE]", required=False, help="a YAML file, or a folder of them")
@click.option(
    "--out", type=PATH, metavar="FILE", show_default="FILE's name with .png", help="A .png, or for one action an .mp4."
)
@click.option("--per-class", type=click.IntRange(min=1), metavar="N", default=8, help="Hands drawn of each pose.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=1, help="Seed of the drawn hands.")
@click.option("--no-joints", is_flag=True, help="Leave out the joints.")
@click.option("--schema", is_flag=True, help="Print a JSON schema of these files, for editors.")
def draw(description: Path | None, out: Path | None, per_class: int, seed: int, no_joints: bool, schema: bool) -> int:
    """Draw the hands of described gestures.

    Writes a sheet (.png) with one row per gesture, or a clip (.mp4) of one action. For a folder it also prints how well
    its gestures can be told apart: which other one each is most often taken for, and how far it is from background.
    """
    if schema:
        from handloom.described.schema import json_schema

        print(json_text(json_schema(), indent=2))
        return DONE
    place = description
    if place is None:
        raise HandloomError("FILE: missing; name a description (.yaml) or a folder of them")
    if not place.exists():
        raise HandloomError(f"{printable(str(place))}: no such file or folder; name a description (.yaml) or a folder")
    out = out or Path(f"{place.resolve().stem}.png")
    if out.suffix not in (".mp4", ".png"):
        raise HandloomError(f"--out: {printable(out.name)} is neither .png nor .mp4; name one of them")

    from handloom.described.reading import load_gesture, load_gestures
    from handloom.sample.sheet import draw_clip, draw_sheet

    gestures = load_gestures(place) if place.is_dir() else {place.stem: load_gesture(place)}
    if out.suffix == ".mp4":
        if len(gestures) > 1 or not next(iter(gestures.values())).moves:
            raise HandloomError(f"--out: {printable(out.name)} is for one action; name one FILE, or a .png")
        draw_clip(next(iter(gestures.values())), out, seed=seed, joints=not no_joints)
    else:
        draw_sheet(gestures, out, seed=seed, per_class=per_class, joints=not no_joints)
    print(printable(str(out)))
    if len(gestures) > 1:
        _tell_apart(gestures)
    return DONE


def _tell_apart(gestures: "dict[str, Gesture]") -> None:
    from handloom.config import Training
    from handloom.described.separation import separation_of
    from handloom.support.text_table import text_table

    separation = separation_of(gestures)
    labels, background = separation.labels, Training().background_label
    rows = []
    for one, label in enumerate(labels):
        others = separation.taken[one].copy()
        others[one] = -1
        row = {"label": label, "taken_for": labels[int(others.argmax())], "share": round(float(others.max()), 3)}
        if background in labels:
            row["palms_from_background"] = round(float(separation.distance[one, labels.index(background)]), 3)
        rows.append(row)
    print(text_table([list(row.values()) for row in rows], list(rows[0])))
    for note in separation.notes():
        print(printable(note))
