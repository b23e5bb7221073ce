"""How training copes with few examples and with wrong labels.

    python benchmarks/learning.py small KEYPOINTS.parquet SPLIT.parquet [SEEDS=20]
        a keypoint table of clips and its split: one training a seed with the default parameters
    python benchmarks/learning.py few_clips KEYPOINTS.parquet SPLIT.parquet [SEEDS=10]
        three classes of the sample's actions, 10, 20 and 40 clips of its training set, tested on its test set
    python benchmarks/learning.py noise KEYPOINTS.parquet [SEEDS=5]
        a keypoint table of photos in five folds by group: each seed tests another fold, with right labels in training
        and with 5 % of them exchanged for another class, drawn evenly; test labels stay as they are. Each wrong answer
        has a line, so that one can look whether the photo, its joints or its label is at fault

Each training of clips has a row: accuracy on the training set in the last report (with augmentation and dropout),
accuracy on the test set, and whether both exported files give what the model gives, on test windows and on hard cases.
"""

import csv
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accuracy import answered, parameters
from numpy.typing import NDArray

from handloom import keypoint_table
from handloom.config import Training
from handloom.cross_validation import write_fold
from handloom.dataset.examples import read_examples
from handloom.dataset.groups import folds_by_group
from handloom.evaluation.answers import answers_of
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.verification import rows_of, verify
from handloom.models.checkpoint import load_model
from handloom.models.files import HISTORY_FILE, MODEL_FILE
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

ACTIONS = ("circle", "pinch", "swipe_left")
CLIPS = (10, 20, 40)
FOLDS = 5
WRONG_SHARE = 0.05


def small(table: str, split: str, seeds: str = "20") -> None:
    """The default training of a small table, seed by seed."""
    report("all clips", [one_training(Path(table), Path(split), seed) for seed in range(1, 1 + int(seeds))])


def few_clips(table: str, split: str, seeds: str = "10") -> None:
    """Few clips of three of the sample's actions."""
    with TemporaryDirectory() as name:
        chosen_table, chosen_split = Path(name) / "keypoints.parquet", Path(name) / "split.parquet"
        for clips in CLIPS:
            rows = []
            for seed in range(1, 1 + int(seeds)):
                choose(Path(table), Path(split), clips, seed, chosen_table, chosen_split)
                rows.append(one_training(chosen_table, chosen_split, seed))
            report(f"{clips} clips", rows)


def choose(table: Path, split: Path, clips: int, seed: int, chosen_table: Path, chosen_split: Path) -> None:
    """Write a table and a split of three actions: some clips to learn from, of each class in turn, and the test set."""
    parts = pq.read_table(split)
    label, part, session = (np.array(parts.column(one).to_pylist()) for one in ("label", "part", "session_id"))
    random = np.random.default_rng(seed)
    kept = [session[(part == "test") & np.isin(label, ACTIONS)]]
    for number, action in enumerate(ACTIONS):
        own = random.permutation(session[(part == "train") & (label == action)])
        kept.append(own[: len(range(number, clips, len(ACTIONS)))])
    ids = np.concatenate(kept)
    pq.write_table(parts.filter(np.isin(session, ids)), chosen_split)
    rows = keypoint_table.read(table)
    frame_rate = str(keypoint_table.read_metadata(table)["frame_rate"])
    kept_rows = rows.filter(np.isin(rows.column("session_id").to_numpy(), ids))
    keypoint_table.write(chosen_table, [kept_rows.combine_chunks()], {"frame_rate": frame_rate})


def one_training(table: Path, split: Path, seed: int) -> tuple[float, float, bool]:
    """Training accuracy in the last report, test accuracy, and whether the exported files are proven."""
    base = parameters()
    settings: Training = replace(base.train_action, seed=seed)
    with TemporaryDirectory() as name:
        folder = Path(name)
        train(TrainingTask("action", settings, table, split), folder / "model", Workspace(folder))
        with (folder / "model" / HISTORY_FILE).open(encoding="utf-8", newline="") as file:
            training = float(list(csv.DictReader(file))[-1]["accuracy"])
        model = load_model(folder / "model" / MODEL_FILE)
        tested = read_examples(table, split, "test", left_hands=model.spec.left_hands)
        stride = base.evaluate.window_stride
        answers = answered(model, tested, stride)
        right = sum(count for (label, answer), count in answers.items() if label == answer) / answers.total()
        files = write_files(model, base.export_coreml, user_metadata(model), folder)
        rows = rows_of(model.spec.window, tested, stride)
        proven = not any(verify(file, model, rows).problems for file in files)
    print(
        f"  seed {seed}: training {training:.3f}, test {right:.3f}, export {'proven' if proven else 'differs'}",
        flush=True,
    )
    return training, right, proven


def report(name: str, rows: list[tuple[float, float, bool]]) -> None:
    """A line on all seeds."""
    training, right, proven = (np.array(column) for column in zip(*rows, strict=True))
    print(
        f"{name}: {(training >= 0.95).sum()} of {len(rows)} end with a training accuracy of 0.95 or more"
        f" (least {training.min():.3f}); test accuracy {right.mean():.3f} (least {right.min():.3f});"
        f" export proven {proven.sum()} of {len(rows)}"
    )


def noise(table: str, seeds: str = "5") -> None:
    """What 5 % of wrong labels in training cost, and how sure the wrong answers are."""
    rows = keypoint_table.read(Path(table))
    sessions = {name: rows.column(name).to_pylist() for name in ("session_id", "label", "group")}
    folds = folds_by_group(sessions["label"], sessions["group"], FOLDS, seed=1)
    found: dict[str, list[tuple[NDArray[np.bool_], NDArray[np.float64]]]] = {"right labels": [], "5 % wrong labels": []}
    for seed in range(1, 1 + int(seeds)):
        tested = set(folds[(seed - 1) % FOLDS])
        for name, results in found.items():
            labels = list(sessions["label"])
            if name != "right labels":
                exchange(labels, [row for row in range(len(labels)) if row not in tested], seed)
            with TemporaryDirectory() as folder:
                given, split = Path(folder) / "keypoints.parquet", Path(folder) / "split.parquet"
                changed = rows.set_column(rows.schema.get_field_index("label"), "label", pa.array(labels))
                keypoint_table.write(given, [changed.combine_chunks()], {"frame_rate": "30"})
                write_fold(split, {**sessions, "label": labels}, {sessions["session_id"][row] for row in tested})
                results.append(answers_after_training(given, split, seed))
            right, confidence = results[-1]
            wrong = confidence[~right]
            sure = f"{np.median(wrong):.2f}" if len(wrong) else "-"
            print(
                f"  seed {seed}, {name}: {right.mean():.2%} ({len(wrong)} wrong, median confidence {sure})", flush=True
            )
    means = {name: float(np.mean([right.mean() for right, _ in results])) for name, results in found.items()}
    for name, results in found.items():
        wrong = np.concatenate([confidence[~right] for right, confidence in results])
        print(f"{name}: {means[name]:.2%}; {len(wrong)} wrong answers, median confidence {np.median(wrong):.2f}")
    print(f"loss: {100 * (means['right labels'] - means['5 % wrong labels']):.2f} points")


def exchange(labels: list[str], rows: list[int], seed: int) -> None:
    """Give 5 % of these rows another class."""
    draw, classes = np.random.default_rng(seed), sorted(set(labels))
    for row in draw.choice(rows, round(WRONG_SHARE * len(rows)), replace=False):
        labels[row] = classes[(classes.index(labels[row]) + int(draw.integers(1, len(classes)))) % len(classes)]


def answers_after_training(table: Path, split: Path, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Train poses on the split; which test examples are answered right, and how sure each answer is."""
    base = parameters()
    with TemporaryDirectory() as name:
        folder = Path(name)
        task = TrainingTask("pose", replace(base.train_pose, seed=seed), table, split)
        train(task, folder / "model", Workspace(folder))
        model = load_model(folder / "model" / MODEL_FILE)
    tested = read_examples(table, split, "test", left_hands=model.spec.left_hands)
    answers = answers_of(model, tested, base.evaluate.window_stride)
    for one in answers:
        if one.predicted != one.label:
            print(f"    {one.name}: {one.label}, answered {one.predicted} at {one.confidence:.2f}")
    right = np.array([one.predicted == one.label for one in answers])
    return right, np.array([one.confidence for one in answers])


PROTOCOLS: dict[str, Callable[..., None]] = {"small": small, "few_clips": few_clips, "noise": noise}


if __name__ == "__main__":
    tables = 1 if sys.argv[1:2] == ["noise"] else 2
    if len(sys.argv) - 2 not in (tables, tables + 1) or sys.argv[1] not in PROTOCOLS:
        sys.exit(__doc__)
    PROTOCOLS[sys.argv[1]](*sys.argv[2:])
