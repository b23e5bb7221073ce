"""Gestures that are added to a trained model with five photos each: Sign Language Digits, five classes known.

    python benchmarks/add_gesture.py PHOTOS SUBJECTS.csv

Trained on subjects 0 to 129; the five photos of each new class are of five of them, drawn three times; tested on
subjects 175 to 219, once. (The method was chosen on subjects 130 to 174.) Classes are added one after another, as a
person adds them. A hand that is not found is an error.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accuracy import TABLE, extracted, joints_for, parameters

from handloom import keypoint_table
from handloom.config import Groups, LabeledDirectories
from handloom.dataset.examples import read_examples
from handloom.hand import present
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.support.workspace import Workspace
from handloom.training.added_class import KeptExamples, add_class
from handloom.training.resume import TrainingTask
from handloom.training.train import train

SETS = {"0 to 4": "01234", "5 to 9": "56789", "even": "02468", "odd": "13579"}
TRAINED, TESTED, PHOTOS, DRAWS = 130, 175, 5, 3


def main(photos: str, subjects: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        groups = Groups(file=subjects, path_column="image", group_column="subject")
        extracted(LabeledDirectories(path=photos, groups=groups), "pose", 30.0, folder)
        shares, losses, seconds = [], [], []
        for number, (which, known) in enumerate(SETS.items()):
            for share, loss, second in tried(folder, folder / str(number), set(known)):
                print(
                    f"known {which}: {share:.2%} over ten, old classes {loss:+.2%}, {second:.2f} s a class", flush=True
                )
                shares.append(share)
                losses.append(loss)
                seconds.append(second)
    print(f"mean {np.mean(shares):.2%} over ten, old classes {np.mean(losses):+.2%}, median {np.median(seconds):.2f} s")


def tried(folder: Path, project: Path, known: set[str]) -> list[tuple[float, float, float]]:
    """For each draw: accuracy over ten classes, change of the old ones' accuracy, seconds of learning a class."""
    project.mkdir()
    table = keypoint_table.read(folder / TABLE)
    names = table.column("label").to_pylist()
    labels = np.array(names)
    subject = np.array([int(group) for group in table.column("group").to_pylist()])
    hand = np.array(present(keypoint_table.poses_of(table)))
    of_known, for_training, tested = np.isin(labels, list(known)), subject < TRAINED, subject >= TESTED
    parts = np.where(for_training & of_known, "train", "left alone")
    columns = {name: table.column(name) for name in ("session_id", "label", "group")}
    pq.write_table(pa.table({**columns, "part": parts}), project / "split.parquet")
    task = TrainingTask("pose", parameters().train_pose, folder / TABLE, project / "split.parquet")
    train(task, project / "model", Workspace(project))
    before = project / "model" / MODEL_FILE
    trained = load_model(before)
    poses = joints_for(trained, table)[:, None]
    examples = read_examples(
        folder / TABLE, project / "split.parquet", "train", left_hands=trained.spec.left_hands
    ).with_hand()
    kept = KeptExamples.few_of_each(examples.frames[examples.starts][:, None], examples.labels.to_pylist())

    def right(path: Path, of: np.ndarray) -> float:
        model = load_model(path)
        said = np.array(model.spec.classes)[model.probabilities(poses[of]).argmax(axis=1)]
        return float(((said == labels[of]) & hand[of]).mean())

    results = []
    for draw in range(DRAWS):
        random, path, known_now, seconds = np.random.default_rng(draw), before, kept, 0.0
        for label in sorted(set(names) - known):
            chosen = random.choice(np.flatnonzero(for_training & hand & (labels == label)), PHOTOS, replace=False)
            out = project / f"{draw}-{label}" / MODEL_FILE
            out.parent.mkdir()
            begun = time.perf_counter()
            add_class(path, label, poses[chosen], known_now, out)
            seconds += time.perf_counter() - begun
            path, known_now = out, known_now.with_class(label, poses[chosen])
        old = tested & of_known
        results.append((right(path, tested), right(path, old) - right(before, old), seconds / (10 - len(known))))
    return results


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
