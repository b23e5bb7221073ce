"""What leaving out the rows that `handloom check` lists does to a training.

    python benchmarks/cleaning.py KEYPOINTS.csv

KEYPOINTS is keypoint.csv of hand-gesture-recognition-mediapipe, whose labels were given by a key that was held while
the hand moved. Trained on the first half of each class, in the order of the file, and tested on the third quarter; the
last quarter is not read. Three seeds with all rows of the first half, and three without those listed in it.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from accuracy import Fold, extracted, kinivi_source, measured, members, parameters, share
from numpy.typing import NDArray

from handloom.check.check import Checked
from handloom.check.features import vectors_of
from handloom.check.joints import unlike_others
from handloom.check.labels import contradicted

SEEDS = (1, 2, 3)


def main() -> None:
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    labels = np.array([line.partition(",")[0] for line in lines])
    first_half, third_quarter = (np.zeros(len(lines), bool) for _ in range(2))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        first_half[rows[: len(rows) // 2]] = True
        third_quarter[rows[len(rows) // 2 : len(rows) - len(rows) // 4]] = True
    listed = np.flatnonzero(first_half)[wrong_rows([lines[row] for row in np.flatnonzero(first_half)])]
    cleaned = first_half.copy()
    cleaned[listed] = False
    print(f"{len(listed)} of {first_half.sum()} rows are listed")
    for name, trained_on in (("all rows", first_half), ("without those listed", cleaned)):
        used = trained_on | third_quarter
        with tempfile.TemporaryDirectory() as folder:
            sessions = table_of([lines[row] for row in np.flatnonzero(used)], Path(folder))
            tested = members(sessions, third_quarter[used].tolist())
            folds = [Fold(name, tested, seed) for seed in SEEDS]
            shares = [
                share(result) for result in measured("pose", parameters().train_pose, sessions, folds, Path(folder))
            ]
        print(f"{name}: {np.mean(shares):.2%}")


def wrong_rows(lines: list[str]) -> NDArray[np.int64]:
    """The rows that are listed, by their labels or their joints."""
    with tempfile.TemporaryDirectory() as folder:
        table_of(lines, Path(folder))
        checked = Checked(Path(folder) / "keypoints.parquet")
        labels = [one.row for one in contradicted(vectors_of(checked.examples), checked.labels, checked.people)]
        joints = [one.row for one in unlike_others(np.stack([example.poses[0] for example in checked.examples]))]
        print(f"{len(labels)} by their labels, {len(joints)} by their joints")
        return checked.rows[sorted({*labels, *joints})]


def table_of(lines: list[str], folder: Path) -> dict[str, list[object]]:
    """The keypoint table of some rows; its sessions as columns."""
    csv = folder / "rows.csv"
    csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return extracted(kinivi_source(csv), "pose", 30.0, folder)


if __name__ == "__main__":
    main()
