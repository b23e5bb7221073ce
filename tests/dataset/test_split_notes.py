"""What is said of a split: numbers, and a line for what misleads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from handloom import keypoint_table
from handloom.config import Split, Validation
from handloom.dataset.split import split_table, split_text

FIXED = Validation(strategy="fixed", ratio=0.2)


def said(
    folder: Path,
    labels: Sequence[str],
    groups: Sequence[str],
    given: list[str] | None = None,
    landmarkers: str = "",
    **settings: Any,
) -> list[str]:
    count = len(labels)
    columns = {
        "session_id": range(count),
        "label": list(labels),
        "group": list(groups),
        "part": given or [""] * count,
        "path": [f"{row}.jpg" for row in range(count)],
        "frame": [0] * count,
        "time": [0.0] * count,
        "keypoints": np.zeros((count, 63), np.float32).tolist(),
        "chirality": [""] * count,
        "score": [0.0] * count,
        **{name: [64] * count for name in ("width", "height", "rotation")},
    }
    table, split = folder / "table.parquet", folder / "split.parquet"
    metadata = {keypoint_table.LANDMARKERS: landmarkers}
    keypoint_table.write(table, [pa.table(columns, schema=keypoint_table.SCHEMA)], metadata)
    split_table(table, Split(**settings), split)
    return split_text(table, split, Split(**settings)).splitlines()


def test_a_good_split_is_its_numbers(tmp_path: Path) -> None:
    lines = said(tmp_path, "ab" * 50, [str(row // 5) for row in range(100)], validation=FIXED)
    assert lines == [
        "test: 20 examples of 2 classes",
        "train: 65 examples of 2 classes",
        "validation: 15 examples of 2 classes",
    ]


def test_few_groups_give_another_share_than_was_asked_for(tmp_path: Path) -> None:
    notes = said(tmp_path, "ab" * 20, ["ann"] * 20 + ["bob"] * 20, validation=Validation(strategy="none"))[2:]
    assert notes[0] == (
        "note: the test set has 50% of the examples, not the 20% that was asked for: there are 2 groups, and each"
        " stays whole; add people, or name smaller groups (data.*.groups)"
    )
    notes = said(tmp_path, "ab" * 20, ["ann"] * 20 + ["bob"] * 20, test_ratio=0.0, validation=FIXED)[2:]
    assert notes[0].startswith("note: the validation set has 50% of the examples, not the 20%")


def test_a_missing_validation_part_is_told_with_what_it_costs(tmp_path: Path) -> None:
    for validation, why in (
        (Validation(), "takes none of fewer than 50 examples (32)"),
        (Validation(strategy="none"), "split.validation.strategy is none"),
        (Validation(strategy="fixed", ratio=0.0), "split.validation.ratio is 0"),
    ):
        (note,) = said(tmp_path, "ab" * 20, [str(row // 4) for row in range(40)], validation=validation)[2:]
        assert note.startswith("note: no validation set (") and why in note
        assert "not calibrated and no thresholds are recommended" in note


def test_examples_that_are_all_groups_of_their_own_are_told(tmp_path: Path) -> None:
    (note,) = said(tmp_path, "ab" * 50, [*map(str, range(100))], validation=FIXED)[3:]
    assert "note: each example is a group of its own" in note and "data.*.groups" in note
    copies = [str(max(row, 4)) for row in range(100)]
    (note,) = said(tmp_path, "ab" * 50, copies, validation=FIXED)[3:]
    assert "note: almost each example is a group of its own" in note


def test_a_class_without_a_test_example_is_told(tmp_path: Path) -> None:
    groups = [str(row // 2) for row in range(80)] + ["zoe"] * 10
    (note,) = said(tmp_path, "ab" * 40 + "c" * 10, groups, test_ratio=0.1, validation=FIXED)[3:]
    assert note.startswith("note: the test set has no example of 'c': nothing will be known of them")


def test_parts_that_the_source_names_are_as_they_should_be(tmp_path: Path) -> None:
    given = ["test"] * 60 + ["validation"] * 10 + ["train"] * 30
    lines = said(tmp_path, "ab" * 50, [str(row // 5) for row in range(100)], given)
    assert [line.split(":")[0] for line in lines] == ["test", "train", "validation"]


def test_joints_of_several_landmarkers_are_told(tmp_path: Path) -> None:
    groups = [str(row // 5) for row in range(100)]
    (note,) = said(tmp_path, "ab" * 50, groups, landmarkers="leap,vision", validation=FIXED)[3:]
    assert note.startswith("note: joints of several landmarkers (leap, vision), which place joints differently")
    assert len(said(tmp_path, "ab" * 50, groups, landmarkers="vision", validation=FIXED)) == 3
