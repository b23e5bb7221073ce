"""`handloom draw`: what descriptions of gestures look like, and which of them cannot be told apart."""

import argparse
from pathlib import Path

from handloom.cli.verb import Commands, add_verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE, json_text


def add(commands: Commands) -> None:
    """Add the verb."""
    draw = add_verb(
        commands,
        "draw",
        run,
        summary="show what described gestures look like, as drawn hands",
        description="Draw hands as descriptions have them: a sheet (.png) with a row a gesture, or of one action a clip"
        " (.mp4). Of a folder it also tells how well its gestures can be told apart, before anything is trained: which"
        " one each is most often taken for, and how far it is from background.",
        example="handloom draw data/gestures --out gestures.png",
    )
    draw.add_argument("description", type=Path, metavar="FILE", nargs="?", help="a YAML file, or a folder of them")
    draw.add_argument("--out", type=Path, help=".png or, for one action, .mp4 (FILE's name with .png)")
    draw.add_argument("--of-each", type=int, default=8, help="hands of each pose (8)")
    draw.add_argument("--seed", type=int, default=1, help="another number draws other hands (1)")
    draw.add_argument("--no-joints", action="store_true", help="the hands alone")
    draw.add_argument("--schema", action="store_true", help="print a JSON schema of these files, for editors")


def run(given: argparse.Namespace) -> int:
    """Draw it; print where, and what can be told of it."""
    if given.of_each < 1:
        raise HandloomError(f"--of-each: must be at least 1 (got {given.of_each})")
    if given.seed < 0:
        raise HandloomError(f"--seed: must not be negative (got {given.seed})")
    if given.schema:
        from handloom.described.schema import json_schema

        print(json_text(json_schema(), indent=2))
        return DONE
    place: Path | None = given.description
    if place is None:
        raise HandloomError("FILE: missing; name a description (.yaml) or a folder of them")
    if not place.exists():
        raise HandloomError(f"{printable(str(place))}: no such file or folder; name a description (.yaml) or a folder")
    out: Path = given.out or Path(f"{place.resolve().stem}.png")
    if out.suffix not in (".mp4", ".png"):
        raise HandloomError(f"--out: {printable(out.name)} is neither .png nor .mp4; name one of them")

    from handloom.described.reading import load_gesture, load_gestures
    from handloom.sample.sheet import draw_clip, draw_sheet

    gestures = load_gestures(place) if place.is_dir() else {place.stem: load_gesture(place)}
    if out.suffix == ".mp4":
        if len(gestures) > 1 or not next(iter(gestures.values())).moves:
            raise HandloomError(f"--out: {printable(out.name)} is for one action; name one FILE, or a .png")
        draw_clip(next(iter(gestures.values())), out, seed=given.seed, joints=not given.no_joints)
    else:
        draw_sheet(gestures, out, seed=given.seed, of_each=given.of_each, joints=not given.no_joints)
    print(printable(str(out)))
    if len(gestures) > 1:
        _tell_apart(gestures)
    return DONE


def _tell_apart(gestures: dict) -> None:
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
