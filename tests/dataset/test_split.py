"""Train, validation and test: by class, whole groups on one side, the same for the same seed."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom import keypoint_table
from handloom.config import Split, Validation
from handloom.dataset.split import read_split, split_examples, split_table, validation_ratio
from handloom.errors import DataError

NO_VALIDATION = Validation(strategy="none")
seeds = st.integers(0, 2**31 - 1)
shares = st.sampled_from([0.1, 0.2, 0.3, 0.5])
random_examples = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 11)), min_size=1, max_size=80)


def split(
    labels: Sequence[str],
    groups: list[str] | None = None,
    given_parts: list[str] | None = None,
    **settings_of_split: Any,
) -> list[str]:
    groups = groups or [str(index) for index in range(len(labels))]
    return [*split_examples(list(labels), groups, given_parts or [""] * len(labels), Split(**settings_of_split))]


@given(random_examples, seeds, shares, shares)
@settings(deadline=None)
def test_every_example_has_one_part_and_no_group_is_on_two_sides(
    examples: list[tuple[str, int]], seed: int, test_ratio: float, validation_share: float
) -> None:
    labels, groups = [label for label, _ in examples], [f"person_{group}" for _, group in examples]
    validation = Validation(strategy="fixed", ratio=validation_share)
    try:
        parts = split(labels, groups, seed=seed, test_ratio=test_ratio, validation=validation)
    except DataError as error:
        assert str(error).startswith("class '")
        return
    assert len(parts) == len(examples)
    assert set(parts) <= {"train", "validation", "test"}
    assert len(set(zip(groups, parts, strict=True))) == len(set(groups))
    assert {label for label, part in zip(labels, parts, strict=True) if part == "train"} == set(labels)


@given(st.lists(st.integers(3, 40), min_size=1, max_size=4), seeds, shares)
@settings(deadline=None)
def test_without_groups_every_class_gives_its_share(counts: list[int], seed: int, ratio: float) -> None:
    labels = [f"class_{number}" for number, count in enumerate(counts) for _ in range(count)]
    parts = split(labels, seed=seed, test_ratio=ratio, validation=NO_VALIDATION)
    tested = Counter(label for label, part in zip(labels, parts, strict=True) if part == "test")
    for label, count in Counter(labels).items():
        # Half an example is rounding; one is taken where all classes together would round to none.
        assert abs(tested[label] - ratio * count) <= 0.5 or tested.total() == 1


@given(st.lists(st.integers(3, 6), min_size=2, max_size=4), seeds)
@settings(deadline=None)
def test_shares_that_were_asked_for_are_never_empty(groups_of_class: list[int], seed: int) -> None:
    labels = [f"class_{number}" for number, count in enumerate(groups_of_class) for _ in range(count)]
    groups = [f"{index}" for index in range(len(labels))]
    parts = split(labels, groups, seed=seed, test_ratio=0.05, validation=Validation("fixed", 0.05))
    assert set(parts) == {"train", "validation", "test"}


@given(st.integers(3, 12), st.integers(1, 5), seeds)
@settings(deadline=None)
def test_people_who_show_every_class_give_about_the_share(people: int, repetitions: int, seed: int) -> None:
    labels = ["a", "b", "c"] * (people * repetitions)
    groups = [f"person_{index // (3 * repetitions)}" for index in range(len(labels))]
    parts = split(labels, groups, seed=seed, test_ratio=0.34, validation=NO_VALIDATION)
    tested = {group for group, part in zip(groups, parts, strict=True) if part == "test"}
    assert abs(len(tested) - 0.34 * people) <= 0.5


@given(random_examples, seeds)
@settings(deadline=None, max_examples=30)
def test_the_same_seed_gives_the_same_parts(examples: list[tuple[str, int]], seed: int) -> None:
    labels, groups = [label for label, _ in examples], [f"person_{group}" for _, group in examples]

    def outcome() -> list[str] | str:
        try:
            return split(labels, groups, seed=seed)
        except DataError as error:
            return str(error)

    assert outcome() == outcome()


def test_other_seeds_give_other_parts() -> None:
    outcomes = {tuple(split("ab" * 50, seed=seed)) for seed in range(10)}
    assert len(outcomes) >= 9


@pytest.mark.parametrize(("count", "ratio"), [(0, 0), (49, 0), (50, 0.1), (199, 0.1), (200, 0.05), (5000, 0.05)])
def test_automatic_validation_is_create_mls(count: int, ratio: float) -> None:
    assert validation_ratio(Validation(), count) == ratio


@pytest.mark.parametrize(("count", "validating"), [(49, 0), (50, 5), (199, 20), (200, 10)])
def test_automatic_validation_counts_what_the_test_part_leaves(count: int, validating: int) -> None:
    given_parts = ["train"] * count + ["test"] * 7
    parts = split("a" * count + "a" * 7, given_parts=given_parts)
    assert parts.count("validation") == validating
    assert parts.count("test") == 7


def test_fixed_and_no_validation() -> None:
    assert split("ab" * 20, test_ratio=0.0, validation=Validation("fixed", 0.25)).count("validation") == 10
    assert split("ab" * 200, test_ratio=0.0, validation=NO_VALIDATION) == ["train"] * 400


def test_given_parts_are_kept() -> None:
    given_parts = ["train", "train", "validation", "test", "test"] * 60
    assert split("ababa" * 60, given_parts=given_parts, test_ratio=0.5) == given_parts


def test_a_given_test_part_is_not_added_to() -> None:
    given_parts = ["test"] * 3 + ["train"] * 97
    parts = split("ab" * 50, given_parts=given_parts, test_ratio=0.5)
    assert [index for index, part in enumerate(parts) if part == "test"] == [0, 1, 2]
    assert "validation" in parts


def test_a_class_that_is_only_held_out_is_named() -> None:
    with pytest.raises(DataError, match="class 'b'") as caught:
        split("aab", given_parts=["train", "train", "test"])
    assert "\n" not in str(caught.value)
    assert "put some into the training set" in str(caught.value)  # no ratio moves what the data names


def test_a_class_whose_one_group_is_drawn_is_named() -> None:
    labels = "a" * 8 + "b" * 8
    groups = [str(index) for index in range(8)] + ["bob"] * 8
    with pytest.raises(DataError, match=r"class 'b': all of its examples are in other sets.* lower split.test_ratio"):
        split(labels, groups, test_ratio=0.6, validation=NO_VALIDATION)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """40 clips of two frames, five people, two classes."""
    count = 80
    columns = {
        "session_id": [row // 2 for row in range(count)],
        "label": ["wave" if row // 2 % 2 else "grab" for row in range(count)],
        "group": [f"person_{row // 16}" for row in range(count)],
        "part": [""] * count,
        "path": [f"{row // 2}.mp4" for row in range(count)],
        "frame": [row % 2 for row in range(count)],
        "time": [row % 2 / 30 for row in range(count)],
        "keypoints": np.zeros((count, 63), np.float32).tolist(),
        "chirality": [""] * count,
        "score": [0.0] * count,
        "width": [64] * count,
        "height": [48] * count,
        "rotation": [0] * count,
    }
    path = tmp_path / "table.parquet"
    keypoint_table.write(path, [pa.table(columns, schema=keypoint_table.SCHEMA)], {})
    return path


def test_what_split_table_writes_read_split_reads(tmp_path: Path, table: Path) -> None:
    out = tmp_path / "split.parquet"
    counts = split_table(table, Split(), out)
    parts = read_split(out)
    assert sorted(parts) == list(range(40))
    assert counts == {"test": {"grab": 4, "wave": 4}, "train": {"grab": 16, "wave": 16}}
    written = pq.read_table(out).to_pylist()
    assert {row["session_id"]: row["part"] for row in written} == parts
    for row in written:
        assert row["label"] == ("wave" if row["session_id"] % 2 else "grab")
        assert row["group"] == f"person_{row['session_id'] // 8}"
    assert len({(row["group"], row["part"]) for row in written}) == 5


def test_the_same_table_and_seed_write_the_same_bytes(tmp_path: Path, table: Path) -> None:
    split_table(table, Split(seed=3), tmp_path / "one.parquet")
    split_table(table, Split(seed=3), tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def one_line_error(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_split(path)
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    return text


def test_a_missing_file_of_parts_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert "dvc repro" in one_line_error(tmp_path / "nowhere.parquet")


@pytest.mark.parametrize("content", [b"", b"0,train\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_no_file_of_parts_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "split.parquet"
    path.write_bytes(content)
    assert "not a split table" in one_line_error(path)


def test_a_table_without_the_column_of_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    pq.write_table(pa.table({"session_id": [0]}), path)
    assert "part" in one_line_error(path)


def test_what_is_named_train_is_kept_there_by_a_random_split() -> None:
    labels, groups = ["a", "b"] * 40, [str(number // 2) for number in range(80)]
    given = ["train"] * 60 + [""] * 20
    parts = split_examples(labels, groups, given, Split(test_ratio=0.5))
    assert set(parts[:60]) == {"train"}
    assert parts[60:].count("test") == 10
