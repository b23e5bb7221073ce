"""Accuracy on real joints and photos of people who were held out, with the parameters that `conf/` composes.

    python benchmarks/accuracy.py sfinge3d KEYPOINTS.parquet
        SFINGE 3D: 13 gestures, each of its four blocks left out in turn, three seeds; windows of 60 frames
    python benchmarks/accuracy.py sign_digits PHOTOS SUBJECTS.csv
        Sign Language Digits: five folds by subject; then the same models on the same test sets changed as a phone's
        camera may change them (`phone.py`), the joints, and the photos before joints are looked for
    python benchmarks/accuracy.py sign_digits PHOTOS SUBJECTS.csv thorough
        the same five folds with photos looked at thoroughly (`extract_keypoints=thorough`), without changed photos
    python benchmarks/accuracy.py kinivi KEYPOINTS.csv
        keypoint.csv of hand-gesture-recognition-mediapipe: the last quarter of each class, in the order of the file

Every fold runs the real stages: extract_keypoints once, then train with what is left of the other folds, without a
validation set, so that nothing is chosen by looking. The test set is read once. A hand that is not found is an error.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import phone
import pyarrow as pa
import yaml

from handloom import keypoint_table
from handloom.config import (
    ExtractKeypoints,
    Groups,
    Kind,
    LabeledDirectories,
    LabeledKeypointsDataFrame,
    Parameters,
    Source,
    Training,
    parameters_from,
)
from handloom.cross_validation import write_fold
from handloom.dataset.examples import Example, read_examples
from handloom.dataset.groups import folds_by_group
from handloom.dataset.left_hands import mirror_left_hands, votes
from handloom.evaluation.answers import predict_examples
from handloom.extraction.extract import extract_keypoints
from handloom.hand import Poses
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.models.files import MODEL_FILE
from handloom.stages.compose import composed_text
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

PROCESSES = 2  # folds at a time; each trains on one thread
TABLE = "keypoints.parquet"
THOROUGH = Path("thorough")


@dataclass(frozen=True)
class Fold:
    """One training: what it holds out, and its seed."""

    name: str
    tested: frozenset[int]  # session ids
    seed: int


@dataclass(frozen=True)
class Result:
    """What one fold's model said of its test set: class taken for class, by the name of what was changed."""

    fold: Fold
    answers: dict[str, Counter[tuple[str, str]]]


def sfinge3d(table: Path) -> None:
    source = LabeledKeypointsDataFrame(
        data_frame=str(table),
        origin="lower_left",
        axis_order="channel_joint",
        channels="xy_confidence",
        frame_rate=20.0,
        group_column="group",
    )
    with tempfile.TemporaryDirectory() as name:
        sessions = extracted(source, "action", 20.0, Path(name))
        blocks = sorted(set(sessions["group"]))
        folds = [
            Fold(f"block {block}", members(sessions, [group == block for group in sessions["group"]]), seed)
            for block in blocks
            for seed in (1, 2, 3)
        ]
        settings = replace(parameters().train_action, prediction_window_size=60)
        results = list(measured("action", settings, sessions, folds, Path(name)))
    for block in blocks:
        shares = [share(result) for result in results if result.fold.name == f"block {block}"]
        print(f"block {block}: " + ", ".join(f"{value:.2%}" for value in shares))
    print(f"mean of {len(results)}: {np.mean([share(result) for result in results]):.2%}")


def sign_digits(photos: Path, subjects: Path, looked_at: Path | None = None) -> None:
    if looked_at not in (None, THOROUGH):
        sys.exit(__doc__)
    looks = parameters(f"extract_keypoints={THOROUGH}").extract_keypoints if looked_at else None
    groups = Groups(file=str(subjects), path_column="image", group_column="subject")
    source = LabeledDirectories(path=str(photos), groups=groups)
    with tempfile.TemporaryDirectory() as name:
        sessions = extracted(source, "pose", 30.0, Path(name), looks)
        folds = [
            Fold(f"fold {number}", frozenset(sessions["session_id"][row] for row in tested), 1)
            for number, tested in enumerate(folds_by_group(sessions["label"], sessions["group"], 5, seed=1), start=1)
        ]
        tables = {} if looks else {change: changed_table(photos, change, Path(name)) for change in phone.PICTURES}
        results = list(measured("pose", parameters().train_pose, sessions, folds, Path(name), tables))
    for result in results:
        print(f"{result.fold.name}: {share(result):.2%}")
    plain = pooled(results, "")
    print(f"all {plain[1]}: {plain[0] / plain[1]:.2%} ({plain[0]})")
    for change in (*phone.JOINTS, *phone.PICTURES) if tables else ():
        right, count = pooled(results, change)
        print(f"{change}: {right / count:.2%}, {(right - plain[0]) / count:+.2%}")


def kinivi(table: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        sessions = extracted(kinivi_source(table), "pose", 30.0, Path(name))
        labels = np.array(sessions["label"])
        held_out = np.zeros(len(labels), bool)
        for label in set(sessions["label"]):
            rows = np.flatnonzero(labels == label)  # in the order of the file
            held_out[rows[len(rows) - len(rows) // 4 :]] = True
        folds = [Fold("last quarter of each class", members(sessions, held_out.tolist()), seed) for seed in (1, 2, 3)]
        results = list(measured("pose", parameters().train_pose, sessions, folds, Path(name)))
    for result in results:
        print(f"{result.fold.name}, seed {result.fold.seed}: {share(result):.2%}")
    print(f"mean of {len(results)}: {np.mean([share(result) for result in results]):.2%}")


def kinivi_source(table: Path) -> LabeledKeypointsDataFrame:
    """What the columns of keypoint.csv are: the class's number, then x and y of each joint."""
    return LabeledKeypointsDataFrame(
        data_frame=str(table),
        session_id_column="",
        label_column="0",
        feature_column="*",
        header=False,
        origin="upper_left",
        axis_order="joint_channel",
        channels="xy",
    )


def changed_table(photos: Path, change: str, folder: Path) -> Path:
    """The keypoint table of the photos, changed; its sessions are those of the photos as they are."""
    place = folder / change
    phone.change_photos(photos, phone.PICTURES[change], place / "photos")
    extracted(LabeledDirectories(path=str(place / "photos")), "pose", 30.0, place)
    shutil.rmtree(place / "photos")
    return place / TABLE


def extracted(
    source: Source, kind: Kind, frame_rate: float, folder: Path, settings: ExtractKeypoints | None = None
) -> dict[str, list[Any]]:
    """Run the stage extract_keypoints; return its sessions as columns."""
    table = folder / TABLE
    settings = replace(settings or ExtractKeypoints(), target_frame_rate=frame_rate)
    extract_keypoints(source, settings, kind, table, folder / "keypoints", Workspace.here().keypoint_cache)
    rows = keypoint_table.read(table).select(["session_id", "label", "group"])
    rows = rows.group_by(rows.column_names, use_threads=False).aggregate([]).sort_by("session_id")
    return dict(rows.to_pydict())


def measured(
    kind: Kind,
    settings: Training,
    sessions: dict[str, list[Any]],
    folds: Sequence[Fold],
    folder: Path,
    changed_tables: dict[str, Path] | None = None,
) -> Iterable[Result]:
    """Train and test each fold, some at a time; print each as it ends. Poses are also tested on changed tables."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        waiting = [
            pool.submit(tried, kind, replace(settings, seed=fold.seed), sessions, fold, folder, changed_tables or {})
            for fold in folds
        ]
        for future in waiting:
            result = future.result()
            wrong = Counter({pair: n for pair, n in result.answers[""].items() if pair[0] != pair[1]})
            common = ", ".join(f"{label} for {answer} {n}" for (label, answer), n in wrong.most_common(4))
            print(f"  {result.fold.name}, seed {result.fold.seed}: {share(result):.2%}  {common}", flush=True)
            yield result


def tried(
    kind: Kind,
    settings: Training,
    sessions: dict[str, list[Any]],
    fold: Fold,
    folder: Path,
    changed_tables: dict[str, Path],
) -> Result:
    """Train without the fold's examples, in a repository of its own, and answer them."""
    project = folder / f"{fold.name}-{fold.seed}"
    project.mkdir()
    split, table = project / "split.parquet", folder / TABLE
    write_fold(split, sessions, fold.tested)
    base = parameters()
    train(TrainingTask(kind, settings, table, split), project / "model", Workspace(project))

    model = load_model(project / "model" / MODEL_FILE)
    stride = base.evaluate.window_stride
    left_hands = model.spec.left_hands
    tested = read_examples(table, split, "test", left_hands=left_hands)
    answers = {"": answered(model, tested, stride)}
    if changed_tables:
        for name, change in phone.JOINTS.items():
            joints = [replace(example, poses=change(example.poses)) for example in tested]
            answers[name] = answered(model, joints, stride)
    for name, changed_table in changed_tables.items():
        answers[name] = answered(model, read_examples(changed_table, split, "test", left_hands=left_hands), stride)
    return Result(fold, answers)


def answered(model: TrainedModel, examples: Sequence[Example], stride: int) -> Counter[tuple[str, str]]:
    """How often which class was taken for which."""
    probabilities = predict_examples(model, examples, stride)
    return Counter(
        (example.label, model.spec.classes[row.argmax()] if example.hand_found else "no hand")
        for example, row in zip(examples, probabilities, strict=True)
    )


def joints_for(model: TrainedModel, rows: pa.Table) -> Poses:
    """The joints of a table's rows ``[F, 3, 21]``; if the model wants that, left hands are mirrored."""
    frames = keypoint_table.poses_of(rows).copy()
    if model.spec.left_hands == "mirrored":
        session = rows.column("session_id").to_numpy()
        starts = np.flatnonzero(np.append(True, np.diff(session) != 0))
        mirror_left_hands(frames, starts, np.diff(np.append(starts, len(rows))), votes(rows.column("chirality")))
    return frames


def members(sessions: dict[str, list[Any]], chosen: Sequence[bool]) -> frozenset[int]:
    return frozenset(session for session, one in zip(sessions["session_id"], chosen, strict=True) if one)


def share(result: Result) -> float:
    right, count = pooled([result], "")
    return right / count


def pooled(results: Sequence[Result], change: str) -> tuple[int, int]:
    """Right answers and all answers."""
    answers = sum((result.answers[change] for result in results), Counter())
    return sum(n for (label, answer), n in answers.items() if label == answer), answers.total()


def parameters(*overrides: str) -> Parameters:
    """What `conf/` composes; overrides as after `-S`."""
    return parameters_from(yaml.safe_load(composed_text(Path("conf"), list(overrides))))


PROTOCOLS: dict[str, tuple[Callable[..., None], tuple[int, ...]]] = {
    "sfinge3d": (sfinge3d, (1,)),
    "sign_digits": (sign_digits, (2, 3)),
    "kinivi": (kinivi, (1,)),
}


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PROTOCOLS or len(sys.argv) - 2 not in PROTOCOLS[sys.argv[1]][1]:
        sys.exit(__doc__)
    PROTOCOLS[sys.argv[1]][0](*(Path(argument) for argument in sys.argv[2:]))
