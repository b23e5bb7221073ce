"""What is compared, what is allowed, and what is said of it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from small_models import CLASSES, WINDOWS, random_hands, rows, save, trained

from handloom.config import KINDS, ExportCoreML, Kind
from handloom.dataset.examples import Example, Examples
from handloom.errors import DataError
from handloom.export.comparison import Comparison, Limits, NamedWindows, compare
from handloom.export.exported import ExportedModel
from handloom.export.verification import TIED, rows_of, verify
from handloom.hand import Poses
from handloom.models.checkpoint import TrainedModel


class Answers(ExportedModel):
    """Something that gives the trained model's probabilities, changed."""

    def __init__(
        self,
        kind: Kind,
        change: Callable[[Any], Any] = lambda probabilities: probabilities,
        classes: list[str] | None = None,
    ) -> None:
        self.model, self.change = trained(kind), change
        self.path, self.shape, self.classes = Path("answers"), (self.model.spec.window, 3, 21), classes or CLASSES

    def _probabilities_of(self, poses: Poses) -> np.ndarray:
        return np.asarray(self.change(self.model.probabilities(poses[None])[0].astype(np.float32)))


def compared(runner: Answers, limits: Limits = Limits(1e-4, 0.0)) -> Comparison:  # noqa: B008  # it is frozen
    windows = random_hands(1, 40)
    batches = [NamedWindows(windows[:25], [f"{number}" for number in range(25)])]
    batches.append(NamedWindows(windows[25:], [f"{number}" for number in range(25, 40)]))
    return compare(trained("pose"), runner, batches, limits)


def test_equal_answers_hold() -> None:
    found = compared(Answers("pose"))
    assert found.passed
    assert (found.rows, found.equal_labels) == (40, 40)
    assert found.largest_difference < 1e-6


def test_the_row_with_the_largest_difference_is_named() -> None:
    calls = iter(range(40))

    def change(probabilities: np.ndarray) -> np.ndarray:
        return np.asarray(probabilities + (0.25 if next(calls) == 31 else 0.01) * np.array([1, 0, 0], np.float32))

    found = compared(Answers("pose", change))
    assert found.where == "31"
    assert found.largest_difference == pytest.approx(0.25, abs=1e-6)
    assert not found.passed


def test_probabilities_are_compared_by_label_not_by_place() -> None:
    assert compared(Answers("pose", lambda found: found[[2, 0, 1]], [CLASSES[2], CLASSES[0], CLASSES[1]])).passed
    assert not compared(Answers("pose", classes=[CLASSES[1], CLASSES[0], CLASSES[2]])).passed


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_no_number_does_not_hold(wrong: float) -> None:
    found = compared(Answers("pose", lambda probabilities: probabilities * wrong), Limits(10.0, 1.0))
    assert found.largest_difference == math.inf
    assert not found.passed


def test_other_classes_do_not_hold() -> None:
    found = compared(Answers("pose", classes=["b", "a", "d"]), Limits(10.0, 1.0))
    assert not found.passed
    assert "b, a, d" in found.where


@pytest.mark.parametrize(("other", "rows_in_all", "share", "passed"), [
    (0, 100, 0.0, True),
    (1, 100, 0.0, False),
    (1, 100, 0.001, True),  # a share is rounded up to whole rows
    (2, 100, 0.001, False),
    (2, 2000, 0.001, True),
    (3, 2000, 0.001, False),
])  # fmt: skip
def test_a_share_of_rows_may_have_another_label(other: int, rows_in_all: int, share: float, passed: bool) -> None:
    assert Comparison(rows_in_all, rows_in_all - other, 0.0, "", Limits(1.0, share)).passed is passed


@pytest.mark.parametrize(("apart", "equal"), [(0.0009, 40), (0.0011, 0)])
def test_of_two_labels_that_are_as_likely_either_is_equal(apart: float, equal: int) -> None:
    class Undecided(TrainedModel):
        def probabilities(self, windows: Poses) -> np.ndarray:
            return np.tile([0.4, 0.4 - apart, 0.2 + apart], (len(windows), 1))

    model = trained("pose")
    undecided = Undecided(model.network, model.spec)
    other = Answers("pose", lambda _: np.array([0.3999, 0.4001, 0.2], np.float32))
    batch = NamedWindows(random_hands(1, 40), [""] * 40)
    assert compare(undecided, other, [batch], Limits(1.0, 0.0, tied=TIED)).equal_labels == equal
    assert compare(undecided, other, [batch], Limits(1.0, 0.0)).equal_labels == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_are_every_window_of_the_test_part_and_hard_cases(kind: Kind) -> None:
    window = WINDOWS[kind]
    lengths = [1, 1, 1] if kind == "pose" else [20, 31, 80]
    clips = [np.concatenate([random_hands(1, length)[:, 0]]) for length in lengths]
    examples = Examples.of([Example(clip, "a", f"clip {number}", "") for number, clip in enumerate(clips)])
    parts = rows_of(window, examples, stride=15)
    tested = list(parts["test set"]())
    expected = 3 if kind == "pose" else 1 + 1 + 5
    assert sum(len(batch.windows) for batch in tested) == sum(len(batch.names) for batch in tested) == expected
    if kind == "action":
        assert tested[0].names[-1] == "clip 2 from frame 49"
        assert np.array_equal(tested[0].windows[-1], clips[2][49:])
    assert {name for batch in parts["hard cases"]() for name in batch.names} > {"no hand", "a tiny hand"}
    assert list(parts["test set"]())  # they can be asked for again


def test_an_empty_test_part_is_one_line() -> None:
    with pytest.raises(DataError, match="the test set is empty"):
        rows_of(1, Examples.of([]))


def test_a_neural_network_is_run_in_half_precision_too(tmp_path: Path) -> None:
    path = save(trained("pose"), tmp_path / "Hand.mlmodel")
    found = verify(path, trained("pose"), rows(1))
    assert set(found.comparisons) == {"test set, as stored", "test set, in half precision"}
    stored, half = (
        found.comparisons[f"test set, {how}"].largest_difference for how in ("as stored", "in half precision")
    )
    assert stored < 1e-5 < half < 0.05


def test_without_a_model_the_interface_alone_is_checked(tmp_path: Path) -> None:
    found = verify(save(trained("pose"), tmp_path / "Hand.mlmodel"), None, rows(1))
    assert found.interface and not found.comparisons and not found.problems


@pytest.mark.parametrize(
    ("compression", "precision"),
    [("none", "float32"), ("none", "float16"), ("8_bit", "float16"), ("palettized", "float32")],
)
@pytest.mark.parametrize("suffix", ["mlpackage", "mlmodel"])
def test_every_way_of_storing_weights_can_be_proven(
    suffix: str,
    compression: Literal["none", "8_bit", "palettized"],
    precision: Literal["float16", "float32"],
    tmp_path: Path,
) -> None:
    settings = ExportCoreML(precision=precision, weight_compression=compression)
    found = verify(save(trained("action"), tmp_path / f"Hand.{suffix}", settings), trained("action"), rows(31))
    assert found.problems == []
    assert found.storage == (precision if compression == "none" else compression)


def test_all_that_is_known_is_plain_json(tmp_path: Path) -> None:
    path = save(trained("pose"), tmp_path / "Hand.mlpackage")
    found = verify(path, trained("pose"), rows(1))
    plain = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert plain["file"] == "Hand.mlpackage"
    assert plain["passed"] is True
    assert plain["bytes"] == sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) < 1_200_000
    assert str(tmp_path) not in json.dumps(plain)
    assert "24 of 24 labels equal" in found.summary


@pytest.mark.parametrize("name", ["Hand.mlpackage", "Hand.mlmodel", "Hand.onnx", "Hand.txt"])
@pytest.mark.parametrize("content", [None, b"", b"not a model", bytes(range(256)) * 40])
def test_a_file_that_is_no_model_is_one_line(name: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=name) as raised:
        verify(path, trained("pose"), rows(1))
    assert "\n" not in str(raised.value)
