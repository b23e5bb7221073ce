"""Four pairs of gestures that differ only by the side of the hand that is seen: the palm or the back.

    python benchmarks/sides.py [LANDMARK_ERROR=0]
        joints of described gestures, left and right hands of 40 people, in three folds by person; the error is the
        scale of the simulated landmark error, 1: as measured on MediaPipe
    python benchmarks/sides.py drawn
        drawn photos of the same gestures, whose joints and chirality MediaPipe's networks find

With exact joints, a back is the mirror image of a palm, but for the perspective. Each way of training has a row: all
pairs with known chirality, then right hands alone, whose chirality the table does not say.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from accuracy import TABLE, Fold, extracted, parameters, tried

from handloom import keypoint_table
from handloom.config import Described, Groups, LabeledDirectories, Source, Training
from handloom.dataset.groups import folds_by_group
from handloom.sample import draw_photos

SHAPES = {
    "open": ({"index": 0.04, "middle": 0.03, "ring": 0.04, "little": 0.04}, 0.5, (0.6, 0.13, 0.06)),
    "two": ({"index": 0.05, "middle": 0.05, "ring": 0.93, "little": 0.95}, 0.5, (0.08, 0.92, 0.56)),
    "three": ({"index": 0.05, "middle": 0.05, "ring": 0.95, "little": 0.96}, 0.5, (0.68, 0.12, 0.06)),
    "horns": ({"index": 0.05, "middle": 0.9, "ring": 0.9, "little": 0.06}, 0.3, (0.1, 0.86, 0.42)),
}
SIDES = {"palm": "camera", "back": "away"}
PEOPLE, OF_EACH, SEED, FOLDS = 40, 150, 7, 3
PHOTOS_OF_EACH, DRAWN_PEOPLE = 48, 24


def main(which: str) -> None:
    before = replace(
        parameters().train_pose,
        left_hands="as_they_are",
        augmentation=replace(parameters().train_pose.augmentation, horizontally_flip=0.5),
    )
    unflipped = replace(before.augmentation, horizontally_flip=0.0)
    ways: dict[str, Training] = {
        "half flipped, left hands as they are (the default before)": before,
        "nothing flipped, left hands as they are": replace(before, augmentation=unflipped),
        "nothing flipped, left hands mirrored": replace(before, augmentation=unflipped, left_hands="mirrored"),
        "default": parameters().train_pose,
    }
    with TemporaryDirectory() as name:
        folder = Path(name)
        describe(folder / "gestures")
        sessions = extracted(source(which, folder), "pose", 30.0, folder)
        for way, training in ways.items():
            print(f"known chirality, {way}: {measured(training, sessions, folder)}", flush=True)
        sessions = right_hands_alone(folder / TABLE, sessions)
        for way in ("half flipped, left hands as they are (the default before)", "default"):
            print(f"right hands of unknown chirality, {way}: {measured(ways[way], sessions, folder)}", flush=True)


def describe(folder: Path) -> None:
    """Write a description of each gesture from each side."""
    folder.mkdir()
    for shape, (curls, spread, (abduction, opposition, curl)) in SHAPES.items():
        for side, facing in SIDES.items():
            lines = [
                f"meaning: {shape}, the {side} towards the camera",
                "fingers:",
                *(f"  {finger}: {{curl: {amount}}}" for finger, amount in curls.items()),
                f"spread: {spread}",
                f"thumb: {{abduction: {abduction}, opposition: {opposition}, curl: {curl}}}",
                "variation: {curl: 0.08, spread: 0.3, thumb: 0.12}",
                f"view: {{facing: {facing}, pointing: up, tolerance: 35}}",
            ]
            (folder / f"{shape}_{side}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def source(which: str, folder: Path) -> Source:
    """Described joints, or drawn photos."""
    if which != "drawn":
        return Described(
            path=str(folder / "gestures"),
            people=PEOPLE,
            examples_per_class=OF_EACH,
            seed=SEED,
            landmark_error=float(which),
        )
    photos = folder / "photos"
    draw_photos(
        folder / "gestures",
        photos,
        folder / "truth.parquet",
        seed=SEED,
        people=DRAWN_PEOPLE,
        per_class=PHOTOS_OF_EACH,
        workers=1,
    )
    return LabeledDirectories(path=str(photos), groups=Groups(pattern="^(person_[0-9]+)"))


def right_hands_alone(table: Path, sessions: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Keep the right hands of a table, and forget that they are; their sessions."""
    rows, metadata = keypoint_table.read(table), keypoint_table.read_metadata(table)
    rows = rows.filter(pc.equal(rows.column("chirality"), "right"))
    kept = set(rows.column("session_id").to_pylist())
    unknown = pa.array([""] * len(rows))
    rows = rows.set_column(rows.column_names.index("chirality"), "chirality", unknown).combine_chunks()
    keypoint_table.write(table, [rows], metadata)
    chosen = [row for row, session in enumerate(sessions["session_id"]) if session in kept]
    return {name: [values[row] for row in chosen] for name, values in sessions.items()}


def measured(training: Training, sessions: dict[str, list[Any]], folder: Path) -> str:
    """The accuracy over all folds; how many errors are of the side alone."""
    answers: Counter[tuple[str, str]] = Counter()
    for number, rows in enumerate(folds_by_group(sessions["label"], sessions["group"], FOLDS, seed=1), start=1):
        fold = Fold(f"fold {number}", frozenset(sessions["session_id"][row] for row in rows), 1)
        with TemporaryDirectory(dir=folder) as name:
            (Path(name) / TABLE).symlink_to(folder / TABLE)
            answers += tried("pose", training, sessions, fold, Path(name), {}).answers[""]
    wrong = Counter({pair: count for pair, count in answers.items() if pair[0] != pair[1]})
    of_side = sum(count for (one, other), count in wrong.items() if one.split("_")[0] == other.split("_")[0])
    share = 1 - wrong.total() / answers.total()
    return f"{share:.2%} of {answers.total()} ({wrong.total()} wrong, {of_side} of them only by the side)"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    main(sys.argv[1] if len(sys.argv) == 2 else "0")
