"""Classifiers from descriptions, tried on real hands: no photo, or five a class. A hand not found counts as an error.

    python benchmarks/described.py digits PHOTOS SUBJECTS.csv
        Sign Language Digits, data/described/digits: described alone; described and five photos a class. Photos to learn
        from are of subjects 0 to 109 (five draws, each with its own training), tested are subjects 110 to 219.
        `few_photos.py` has five photos a class without descriptions
    python benchmarks/described.py digits PHOTOS SUBJECTS.csv looked_at
        the same, tested on the photos of subjects 0 to 109 that were not in the training set: the ones to look at
    python benchmarks/described.py kinivi KEYPOINTS.csv
        keypoint.csv of hand-gesture-recognition-mediapipe, all rows, data/described/kinivi: described alone
    python benchmarks/described.py actions
        the sample's actions, described alone; tested on drawn clips of other people as MediaPipe sees them
    python benchmarks/described.py speed
        joint sets a second, from the YAML files to rows of the keypoint table

Every training runs the real stages, with the parameters that `conf/` composes but for the length of the training; the
photos of the digits are looked at thoroughly (`extract_keypoints=thorough`).
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from accuracy import answered, extracted, joints_for, kinivi_source, parameters

from handloom import keypoint_table
from handloom.config import (
    Described,
    Groups,
    JoinedPose,
    Kind,
    LabeledDirectories,
    LabeledKeypointsDataFrame,
    Source,
    Training,
)
from handloom.dataset.examples import Example
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.models.files import MODEL_FILE
from handloom.sample import draw_clips
from handloom.sources import gather_members
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
KINIVI = ["open", "close", "pointer", "ok"]
LOOKED_AT = 110  # subjects below this number were looked at
PHOTOS, DRAWS = 5, 5
SAMPLE = Path("data/sample/gestures")
OTHER_PEOPLE = 4242  # a seed: the people of the tested clips are none of the described ones

OF_EACH = 2000  # joint sets of a described class


def pose_training() -> Training:
    return replace(parameters().train_pose, batch_size=128, maximum_iterations=10)


def digits(photos: str, subjects: str, *which: str) -> None:
    groups = Groups(file=subjects, path_column="image", group_column="subject")
    thorough = parameters("extract_keypoints=thorough").extract_keypoints
    with TemporaryDirectory() as name:
        folder = Path(name)
        extracted(LabeledDirectories(path=photos, groups=groups), "pose", 30.0, folder, thorough)
        table = keypoint_table.read(folder / "keypoints.parquet")
        words = [DIGITS[int(label)] for label in table.column("label").to_pylist()]
        table = table.set_column(table.column_names.index("label"), "label", pa.array(words))
        known = pc.less(table.column("group").cast(pa.int64()), LOOKED_AT)
        looked_at, held_out = table.filter(known), table.filter(pc.invert(known))
        described = Described(path="data/described/digits", examples_per_class=OF_EACH)
        if which == ("looked_at",):
            held_out = looked_at
        report("no photo", trained(described, "pose", pose_training(), folder), held_out)

        both = parameters("train_pose=described_and_own").train_pose
        training = replace(pose_training(), source_weights=both.source_weights, align_to=both.align_to)
        shares = []
        for draw in range(DRAWS):
            chosen = drawn_rows(looked_at, draw)
            own = folder / f"own-{draw}.parquet"
            pq.write_table(looked_at.take(pa.array(chosen)), own)
            tested = held_out
            if held_out is looked_at:
                tested = held_out.take(pa.array(np.setdiff1d(np.arange(len(looked_at)), chosen)))
            start = time.monotonic()
            source = JoinedPose(sources={"own": joints(str(own)), "described": described})
            model = trained(source, "pose", replace(training, seed=draw + 1), folder)
            took = time.monotonic() - start
            shares.append(report(f"  described and five photos, draw {draw + 1} ({took:.0f} s)", model, tested))
        print(f"described and five photos: mean {np.mean(shares):.2%}")


def kinivi(table: str) -> None:
    rows = gather_members(kinivi_source(Path(table)), "pose").keypoints
    assert rows is not None
    words = [KINIVI[int(label)] for label in rows.column("label").to_pylist()]
    rows = rows.set_column(rows.column_names.index("label"), "label", pa.array(words))
    with TemporaryDirectory() as name:
        described = Described(path="data/described/kinivi", examples_per_class=OF_EACH)
        report("no photo", trained(described, "pose", pose_training(), Path(name)), rows)


def actions() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        draw_clips(
            SAMPLE / "action", folder / "clips", folder / "truth.parquet", seed=OTHER_PEOPLE, people=24, per_class=24
        )
        extracted(LabeledDirectories(path=str(folder / "clips")), "action", 30.0, folder)
        tested = keypoint_table.read(folder / "keypoints.parquet")
        described = Described(path=str(SAMPLE / "action"), examples_per_class=200)
        training = replace(parameters().train_action, maximum_iterations=20)
        report("no clip", trained(described, "action", training, folder), tested)


def speed() -> None:
    section = Described(path=str(SAMPLE / "pose"), examples_per_class=20_000)
    gather_members(Described(path=str(SAMPLE / "pose"), examples_per_class=100), "pose")
    for _ in range(3):
        start, cpu = time.perf_counter(), time.process_time()
        rows = gather_members(section, "pose").keypoints
        assert rows is not None
        wall, used = time.perf_counter() - start, time.process_time() - cpu
        print(f"{len(rows)} joint sets: {len(rows) / wall:,.0f} a second, {len(rows) / used:,.0f} a second of one core")


def joints(table: str) -> LabeledKeypointsDataFrame:
    return LabeledKeypointsDataFrame(
        data_frame=table, origin="lower_left", axis_order="channel_joint", channels="xy_confidence"
    )


def drawn_rows(table: pa.Table, draw: int) -> np.ndarray:
    """`PHOTOS` rows of each class at random."""
    random = np.random.default_rng(draw)
    labels = np.array(table.column("label").to_pylist())
    return np.concatenate(
        [random.choice(np.flatnonzero(labels == label), PHOTOS, replace=False) for label in sorted(set(labels))]
    )


def trained(source: Source, kind: Kind, settings: Training, folder: Path) -> TrainedModel:
    """Train on everything that a source holds, in a repository of its own."""
    with TemporaryDirectory(dir=folder) as name:
        project = Path(name)
        sessions = extracted(source, kind, 30.0, project)
        split = project / "split.parquet"
        pq.write_table(pa.table({**sessions, "part": ["train"] * len(sessions["session_id"])}), split)
        train(TrainingTask(kind, settings, project / "keypoints.parquet", split), project / "model", Workspace(project))
        return load_model(project / "model" / MODEL_FILE)


def report(name: str, model: TrainedModel, rows: pa.Table) -> float:
    """Print and return the share of right answers."""
    answers = answered(model, examples_of(rows, model), stride=15)
    wrong = Counter({pair: count for pair, count in answers.items() if pair[0] != pair[1]})
    share = 1 - wrong.total() / answers.total()
    common = ", ".join(f"{label} for {answer} {count}" for (label, answer), count in wrong.most_common(5))
    print(f"{name}: {share:.2%} of {answers.total()}  {common}", flush=True)
    return share


def examples_of(rows: pa.Table, model: TrainedModel) -> Sequence[Example]:
    poses = joints_for(model, rows)
    session = rows.column("session_id").to_numpy()
    starts = np.flatnonzero(np.append(True, np.diff(session) != 0))
    texts = [rows.column(name).take(pa.array(starts)).to_pylist() for name in ("label", "path", "group")]
    return [
        Example(some, *known) for some, known in zip(np.split(poses, starts[1:]), zip(*texts, strict=True), strict=True)
    ]


PROTOCOLS: dict[str, tuple[Callable[..., None], tuple[int, ...]]] = {
    "digits": (digits, (2, 3)),
    "kinivi": (kinivi, (1,)),
    "actions": (actions, (0,)),
    "speed": (speed, (0,)),
}


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PROTOCOLS or len(sys.argv) - 2 not in PROTOCOLS[sys.argv[1]][1]:
        sys.exit(__doc__)
    PROTOCOLS[sys.argv[1]][0](*sys.argv[2:])
