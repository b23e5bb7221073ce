"""The proof that a saved file computes what was trained, and has the interface that apps count on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handloom.dataset.windows import Windows
from handloom.errors import DataError, printable
from handloom.export.agreement import TRAINED, Answers
from handloom.export.comparison import Comparison, Limits, NamedWindows, compare
from handloom.export.exported import ExportedModel, Precision
from handloom.export.hard_cases import hard_cases, plain_hand
from handloom.export.interface import NOT_OURS, made_by_handloom
from handloom.export.interface_check import (
    InterfaceRow,
    check_answers,
    check_interface,
    check_metadata,
    check_metadata_against,
    check_self,
)
from handloom.export.libraries import one_line
from handloom.export.package import sha256_of, size_of
from handloom.export.read import read_by_core_ml, read_exported
from handloom.export.specification import Storage, read_specification, storage
from handloom.export.task_model import looks_whole
from handloom.hand import Poses
from handloom.models.files import CORE_ML, NEURAL_NETWORK, TASK
from handloom.models.model import WINDOWS_AT_ONCE
from handloom.support.files import json_number

if TYPE_CHECKING:
    from handloom.dataset.examples import Examples
    from handloom.models.checkpoint import TrainedModel

# Two probabilities next to 0.5 that are rounded to half precision are each up to 2^-12 off, as are the numbers that
# they come from. Below four times that, a hand that says nothing (all joints in one point) may get either label.
TIED = 2**-10
# How far a file may be from the trained model, by how its weights are stored. Half precision keeps eleven bits of each
# number; what compressing costs was measured on the drawn sample, and is written into each verification.
LIMITS: Mapping[Storage, Limits] = {
    "float32": Limits(largest_difference=1e-4, other_labels=0.0),
    "float16": Limits(largest_difference=2e-2, other_labels=0.001, tied=TIED),
    "8_bit": Limits(largest_difference=0.2, other_labels=0.02, tied=TIED),
    "palettized": Limits(largest_difference=0.2, other_labels=0.02, tied=TIED),
}
# On the Neural Engine, which Core ML may choose, a neural network computes in half precision from its first layer on.
# That blurs the joints of far hands (a package is kept from it, see `convert`), so more is allowed, and shown.
IN_HALF_PRECISION = Limits(largest_difference=0.2, other_labels=0.02, tied=TIED)
TEST_PART = "test set"
HARD_CASES = "hard cases"
HARDENED = 8  # clips of the test set of which hard cases are made

Rows = Mapping[str, Callable[[], Iterable[NamedWindows]]]  # by the name of the part, as often as they are asked for


@dataclass(frozen=True)
class Verification:
    """What is known of one saved file.

    Attributes:
        path: the file.
        bytes: its size.
        storage: how its weights are stored.
        interface: each property against what an app counts on: Create ML's interface (of Core ML's formats, others have
            none to keep to), metadata, and that it answers at all.
        comparisons: with the trained model, by what was run and how.
        note: what a person should know of how it was run, a line; mostly empty.
    """

    path: Path
    bytes: int
    storage: Storage
    interface: list[InterfaceRow]
    comparisons: dict[str, Comparison]
    note: str = ""

    @property
    def problems(self) -> list[str]:
        """What does not hold, a line each."""
        wrong = [f"{row.item}: {row.found}; expected: {row.expected}" for row in self.interface if not row.passed]
        for name, one in self.comparisons.items():
            if not one.passed:
                wrong.append(
                    f"{name}: {one.rows - one.equal_labels} of {one.rows} rows get another label,"
                    f" and the largest difference of a probability is {one.largest_difference:.2g} in {one.where}"
                    f" (allowed: {one.limits.other_labels:.1%} of rows, {one.limits.largest_difference:g})"
                )
        return wrong

    @property
    def summary(self) -> str:
        """All of it in one line."""
        about = f"{self.path.name}: {self.storage}, {self.bytes / 1e6:.2f} MB"
        if self.interface:
            passed = sum(row.passed for row in self.interface)
            about += f", {passed} of {len(self.interface)} rows passed"
        for name, one in self.comparisons.items():
            about += f"; {name}: {one.equal_labels} of {one.rows} labels equal, probabilities within"
            about += f" {one.largest_difference:.1e}"
        return about

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "file": self.path.name,
            "bytes": self.bytes,
            "sha256": sha256_of(self.path),
            "storage": self.storage,
            "passed": not self.problems,
            "problems": self.problems,
            **({"note": self.note} if self.note else {}),
            "comparisons": {name: _plain(comparison) for name, comparison in self.comparisons.items()},
            "interface": [asdict(row) for row in self.interface],
        }


def verify(path: Path, model: "TrainedModel | None", rows: Rows, answers: Answers | None = None) -> Verification:
    """Read a saved file back, check its interface, and compare it with the trained model on every row.

    A neural network (`.mlmodel`) is run twice: as stored, and with each layer's result in half precision, since the
    Neural Engine computes it so. On a Mac, Core ML runs the file too.

    Args:
        path: a file in one of the formats of `EXPORTED`.
        model: what it is to compute; None checks the interface and the metadata, and runs it on a drawn hand.
        rows: see `rows_of`.
        answers: gets what the model and the file gave, unless the file cannot be asked for all rows (`.task`).

    Raises:
        DataError: the file cannot be read.
    """
    spec = read_specification(path) if path.suffix in CORE_ML else None
    with one_line(path, "a model"):
        stored: Storage = "float32" if spec is None else storage(spec)
        interface = [] if spec is None else check_interface(path, spec)
    try:
        file = read_exported(path)
        ran = [check_answers(file), *check_self(path, file, LIMITS[stored])]
    except DataError as error:
        if spec is None:
            raise
        refused = str(error).removeprefix(printable(str(path))).lstrip(": ")
        interface.append(InterfaceRow("answers of a drawn hand", "probabilities, together 1", refused, False))
        return Verification(path, size_of(path), stored, interface, {})
    interface += [*check_metadata(file), *ran]
    comparisons = {}
    if model is not None:
        interface += check_metadata_against(model, file.metadata)
        comparisons = _comparisons(path, stored, model, rows, answers)
    note = "" if made_by_handloom(file.metadata) else NOT_OURS
    return Verification(path, size_of(path), stored, interface, comparisons, note)


def _comparisons(
    path: Path, stored: Storage, model: "TrainedModel", rows: Rows, answers: Answers | None
) -> dict[str, Comparison]:
    comparisons = {}
    for how, precision, limits in _ways(path, stored):
        file = read_exported(path, precision)
        kept = answers if precision == "stored" and path.suffix != TASK else None
        for name, batches in rows.items():
            asked = _whole(batches()) if path.suffix == TASK else batches()
            comparisons[f"{name}, {how}"] = _compared(model, file, name, asked, limits, kept)
    core_ml = read_by_core_ml(path)
    if core_ml is not None:
        # Core ML may run any file in half precision.
        limits = max(LIMITS["float16"], LIMITS[stored], key=lambda one: one.largest_difference)
        for name, batches in rows.items():
            comparisons[f"{name}, by Core ML"] = _compared(model, core_ml, name, batches(), limits, answers)
    return comparisons


def _compared(
    model: "TrainedModel",
    file: ExportedModel,
    part: str,
    batches: Iterable[NamedWindows],
    limits: Limits,
    answers: Answers | None,
) -> Comparison:
    expected: list[NDArray[np.float64]] = []
    found: list[NDArray[np.float64]] = []

    def keep(by_model: NDArray[np.float64], by_file: NDArray[np.float64]) -> None:
        expected.append(by_model)
        found.append(by_file)

    comparison = compare(model, file, batches, limits, keep if answers else None)
    if answers and comparison.rows:
        answers.add(part, TRAINED, expected)
        answers.add(part, f"{file.path.suffix} in {file.runtime}", found)
    return comparison


def _whole(batches: Iterable[NamedWindows]) -> Iterable[NamedWindows]:
    """Of windows those that MediaPipe could give."""
    for batch in batches:
        rows: list[int] = np.flatnonzero(looks_whole(batch.windows)).tolist()
        if rows:
            yield NamedWindows(batch.windows[rows], [batch.names[row] for row in rows])


def _ways(path: Path, stored: Storage) -> list[tuple[str, Precision, Limits]]:
    ways: list[tuple[str, Precision, Limits]] = [("as stored", "stored", LIMITS[stored])]
    if path.suffix == NEURAL_NETWORK:
        ways.append(("in half precision", "float16", IN_HALF_PRECISION))
    return ways


def rows_of(window: int, examples: "Examples | None" = None, stride: int = 1) -> Rows:
    """What a file is run on: the windows of the test set, and hard cases made of some of them.

    Args:
        window: frames of a prediction.
        examples: the test set; without it hard cases are made of a drawn hand.
        stride: frames between two windows of a clip.

    Raises:
        DataError: the test set is empty.
    """
    if examples is None:
        drawn = plain_hand(window)[None]
        return {HARD_CASES: lambda: _hardened(drawn)}
    if not len(examples):
        raise DataError("the test set is empty; raise split.test_ratio or add a test folder")
    windows = Windows.over(examples.starts, examples.lengths, window, stride)
    base = _some_of(examples, window)

    def test_part() -> Iterable[NamedWindows]:
        for some in windows.some_at_a_time(WINDOWS_AT_ONCE):
            names = [
                f"{examples.names[clip].as_py()} from frame {first - examples.starts[clip]}"
                if window > 1
                else examples.names[clip].as_py()
                for clip, first in zip(some.clip.tolist(), some.first.tolist(), strict=True)
            ]
            yield NamedWindows(some.cut(examples.frames), names)

    return {TEST_PART: test_part, HARD_CASES: lambda: _hardened(base)}


def _some_of(examples: "Examples", window: int) -> Poses:
    """Windows with a hand from a few clips, evenly chosen: ``[K, window, 3, 21]``; a drawn hand where there is none."""
    found = np.flatnonzero(examples.hand_found)
    if not len(found):
        return plain_hand(window)[None]
    clips = found[np.unique(np.linspace(0, len(found) - 1, HARDENED).astype(int))]
    starts, lengths = examples.starts[clips], examples.lengths[clips]
    return Windows.over(starts, lengths, window, stride=int(lengths.max())).cut(examples.frames)


def _hardened(windows: Poses) -> Iterable[NamedWindows]:
    for name, changed in hard_cases(windows).items():
        yield NamedWindows(changed, [name] * len(changed))


def _plain(comparison: Comparison) -> dict[str, Any]:
    return asdict(comparison) | {
        "passed": comparison.passed,
        "largest_difference": json_number(comparison.largest_difference),
    }
