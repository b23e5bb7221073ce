"""Few photos: training from the weights that come with handloom, against random ones; tested on other people.

    python benchmarks/few_photos.py digits KEYPOINTS.parquet [held_out]
        a keypoint table of Sign Language Digits, which has about one photo per class of each subject. Photos to learn
        from are of subjects 0 to 54, tested are subjects 55 to 109; `held_out`: of 0 to 109, tested on 110 to 219
    python benchmarks/few_photos.py kinivi KEYPOINTS.csv
        keypoint.csv of hand-gesture-recognition-mediapipe: rows of the first half of each class, in the order of the
        file, tested on the third quarter; the last quarter is not read
    python benchmarks/few_photos.py drawn
        drawn photos of the sample's signs, 20 a class of each of four people: each draw learns from one person, and is
        tested on all others
    python benchmarks/few_photos.py sides
        the palm and the back of described hands (`sides.py`), 20 a class of each of 20 people; the same

A draw chooses the photos, and its number is the seed of both trainings. The parameters are the defaults.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import sides
from accuracy import TABLE, answered, extracted, kinivi_source, parameters
from numpy.typing import NDArray

from handloom import keypoint_table
from handloom.config import Described, Groups, LabeledDirectories, Training
from handloom.cross_validation import write_fold
from handloom.dataset.examples import read_examples
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.sample import draw_photos
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

COUNTS = (5, 10, 20, None)  # photos a class; None: all there are
DRAWS = 5
MIDDLE, HELD_OUT = 55, 110  # of the digits' subjects
PEOPLE, OF_EACH = 20, 20
DRAWN_PEOPLE, DRAWN_SEED = 4, 2024


@dataclass(frozen=True)
class Photos:
    """A keypoint table and who may be learned from and tested.

    Attributes:
        table: its path.
        sessions: its columns `session_id`, `label` and `group`.
        learned, tested: for each of them, whether it may be; both ``[draws, N]``.
    """

    table: Path
    sessions: dict[str, list[Any]]
    learned: NDArray[np.bool_]
    tested: NDArray[np.bool_]


def digits(folder: Path, table: str, which: str = "") -> Photos:
    if which not in ("", "held_out"):
        sys.exit(__doc__)
    known = MIDDLE if not which else HELD_OUT
    sessions = sessions_of(Path(table))
    subjects = np.array(sessions["group"], np.int64)
    tested = (subjects >= known) & (subjects < 2 * known)
    return Photos(Path(table), sessions, *(np.tile(rows, (DRAWS, 1)) for rows in (subjects < known, tested)))


def kinivi(folder: Path, table: str) -> Photos:
    sessions = extracted(kinivi_source(Path(table)), "pose", 30.0, folder)
    labels = np.array(sessions["label"])
    learned, tested = (np.zeros(len(labels), bool) for _ in range(2))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        learned[rows[: len(rows) // 2]] = True
        tested[rows[len(rows) // 2 : len(rows) - len(rows) // 4]] = True
    return Photos(folder / TABLE, sessions, *(np.tile(rows, (DRAWS, 1)) for rows in (learned, tested)))


def drawn(folder: Path) -> Photos:
    photos, gestures = folder / "photos", Path("data/sample/gestures/pose")
    draw_photos(
        gestures,
        photos,
        folder / "truth.parquet",
        seed=DRAWN_SEED,
        people=DRAWN_PEOPLE,
        per_class=DRAWN_PEOPLE * OF_EACH,
        workers=1,
    )
    extracted(LabeledDirectories(path=str(photos), groups=Groups(pattern="^(person_[0-9]+)")), "pose", 30.0, folder)
    return one_person(folder / TABLE)


def of_sides(folder: Path) -> Photos:
    sides.describe(folder / "gestures")
    source = Described(
        path=str(folder / "gestures"), people=PEOPLE, examples_per_class=PEOPLE * OF_EACH, seed=sides.SEED
    )
    extracted(source, "pose", 30.0, folder)
    return one_person(folder / TABLE)


def one_person(table: Path) -> Photos:
    """Each draw learns from one person, and is tested on all others."""
    sessions = sessions_of(table)
    groups = np.array(sessions["group"])
    people = np.unique(groups)[:DRAWS, None]
    return Photos(table, sessions, groups == people, groups != people)


def sessions_of(table: Path) -> dict[str, list[Any]]:
    rows = keypoint_table.read(table).select(["session_id", "label", "group"])
    return dict(rows.to_pydict())


def chosen(photos: Photos, draw: int, count: int | None) -> set[int]:
    """The session ids of the photos to learn from: so many of each class, at random."""
    labels, sessions = np.array(photos.sessions["label"]), np.array(photos.sessions["session_id"])
    random = np.random.default_rng(draw)
    ids: set[int] = set()
    for label in np.unique(labels):
        own = random.permutation(sessions[(labels == label) & photos.learned[draw]])
        ids |= set(own[:count].tolist())
    return ids


def measured(photos: Photos, draw: int, count: int | None, ways: Sequence[Training]) -> Iterator[tuple[float, float]]:
    """The accuracy of each training on the tested people, and its CPU seconds."""
    sessions = np.array(photos.sessions["session_id"])
    tested = set(sessions[photos.tested[draw]].tolist())
    neither = set(sessions.tolist()) - tested - chosen(photos, draw, count)
    for way in ways:
        with TemporaryDirectory() as name:
            folder = Path(name)
            split = folder / "split.parquet"
            write_fold(split, photos.sessions, tested, neither)
            start = time.process_time()
            task = TrainingTask("pose", replace(way, seed=draw + 1), photos.table, split)
            train(task, folder / "model", Workspace(folder))
            seconds = time.process_time() - start
            model = load_model(folder / "model" / MODEL_FILE)
            examples = read_examples(photos.table, split, "test", left_hands=model.spec.left_hands)
        answers = answered(model, examples, stride=1)
        yield sum(n for (label, answer), n in answers.items() if label == answer) / answers.total(), seconds


def compare(photos: Photos) -> None:
    """Print, for each number of photos, the accuracy of both starts and of each draw's difference."""
    base = parameters().train_pose
    ways = [replace(base, pretrained_weights="none"), replace(base, pretrained_weights="described")]
    for count in COUNTS:
        draws = range(len(photos.learned))
        results = np.array([list(measured(photos, draw, count, ways)) for draw in draws])  # [draws, ways, 2]
        (random, described), gains = results[..., 0].mean(0), np.diff(results[..., 0], axis=1)[:, 0]
        error = gains.std(ddof=1) / np.sqrt(len(gains))
        seconds = results[..., 1].mean(0)
        print(
            f"{f'{count} a class' if count else 'all'}: random {random:.2%}, described {described:.2%},"
            f" difference {100 * gains.mean():+.2f} points (standard error {100 * error:.2f},"
            f" draws {', '.join(f'{100 * gain:+.2f}' for gain in gains)});"
            f" {seconds[0]:.1f} and {seconds[1]:.1f} s of CPU",
            flush=True,
        )


PROTOCOLS: dict[str, tuple[Callable[..., Photos], tuple[int, ...]]] = {
    "digits": (digits, (1, 2)),
    "kinivi": (kinivi, (1,)),
    "drawn": (drawn, (0,)),
    "sides": (of_sides, (0,)),
}


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PROTOCOLS or len(sys.argv) - 2 not in PROTOCOLS[sys.argv[1]][1]:
        sys.exit(__doc__)
    with TemporaryDirectory() as place:
        compare(PROTOCOLS[sys.argv[1]][0](Path(place), *sys.argv[2:]))
