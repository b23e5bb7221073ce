"""A file that is not what was trained fails the proof, whatever was done to it: against the model, and by itself."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import WINDOWS, random_hands, rows, trained
from torch import Tensor, nn

from handloom.config import ExportCoreML, Kind, ModelFormat
from handloom.errors import DataError
from handloom.export.comparison import NamedWindows
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.package import SPECIFICATION
from handloom.export.self_check import SELF_CHECK, read_self_check, self_check
from handloom.export.specification import operations
from handloom.export.verification import verify
from handloom.models.checkpoint import TrainedModel
from handloom.models.network import HandNetwork

FORMATS = ("mlpackage", "mlmodel")
# Each kind, format and precision twice.
POSE_PACKAGE, POSE_NETWORK, ACTION_PACKAGE, ACTION_NETWORK = CASES = [
    ("pose", "mlpackage", "float16"),
    ("pose", "mlmodel", "float32"),
    ("action", "mlpackage", "float32"),
    ("action", "mlmodel", "float16"),
]


Case = tuple[Kind, str, Any]


class Changed(nn.Module):
    """A network that sees other joints than it is given."""

    def __init__(self, network: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.change = network, change

    def forward(self, poses: Tensor) -> Tensor:
        scores: Tensor = self.network(self.change(poses))
        return scores


def two_joints_swapped(poses: Tensor) -> Tensor:
    order = list(range(21))
    order[8], order[12] = order[12], order[8]
    return torch.stack([poses[..., joint] for joint in order], dim=-1)


def y_turned_over(poses: Tensor) -> Tensor:
    return torch.stack([poses[:, :, 0], 1 - poses[:, :, 1], poses[:, :, 2]], dim=2)


def x_and_y_swapped(poses: Tensor) -> Tensor:
    return torch.stack([poses[:, :, 1], poses[:, :, 0], poses[:, :, 2]], dim=2)


def time_reversed(poses: Tensor) -> Tensor:
    return torch.stack([poses[:, frame] for frame in reversed(range(poses.shape[1]))], dim=1)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change the specification of a saved file."""
    from coremltools.proto import Model_pb2

    file = path / SPECIFICATION if path.is_dir() else path
    spec = Model_pb2.Model.FromString(file.read_bytes())
    change(spec)
    file.write_bytes(spec.SerializeToString(deterministic=True))


def labels_in_another_order(spec: Any) -> None:
    if spec.WhichOneof("Type") == "neuralNetworkClassifier":
        labels = spec.neuralNetworkClassifier.stringClassLabels.vector
        labels[:] = [labels[1], labels[0], *labels[2:]]
        return
    (classify,) = [one for one in operations(spec) if one.type == "classify"]
    values = classify.inputs["classes"].arguments[0].value.immediateValue.list.values
    texts = [value.immediateValue.tensor.strings.values for value in values]
    texts[0][0], texts[1][0] = texts[1][0], texts[0][0]


def softmax_dropped(spec: Any) -> None:
    if spec.WhichOneof("Type") == "neuralNetworkClassifier":
        layers = spec.neuralNetworkClassifier.layers
        (place,) = [number for number, layer in enumerate(layers) if layer.WhichOneof("layer") == "softmaxND"]
        before = layers[place].input[0]
        del layers[place]
        for layer in layers:
            layer.output[:] = ["labelProbabilities" if name == before else name for name in layer.output]
        return
    for operation in operations(spec):
        if operation.type == "softmax":
            scores = operation.inputs["x"].arguments[0].name
            dropped = operation.outputs[0].name
    for operation in operations(spec):
        for bound in operation.inputs.values():
            for argument in bound.arguments:
                if argument.name == dropped:
                    argument.name = scores


@cache
def probes(kind: Kind) -> str:
    windows = random_hands(WINDOWS[kind])
    return self_check(trained(kind), [NamedWindows(windows, [""] * len(windows))])


def save(model: TrainedModel, path: Path, precision: ExportCoreML | None = None) -> Path:
    """As the export does it, with the probes of the model that was trained."""
    settings = replace(
        precision or ExportCoreML(precision="float32"), formats=[cast(ModelFormat, path.suffix.removeprefix("."))]
    )
    metadata = user_metadata(model) | {SELF_CHECK: probes(model.spec.kind)}
    (written,) = write_files(model, settings, metadata, path.parent)
    return written.rename(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Path]:
    """Give the undamaged file of a case, which is made once. Leave it as it is."""

    @cache
    def file(case: Case) -> Path:
        return save(trained(case[0]), tmp_path_factory.mktemp("whole") / f"Hand.{case[1]}", settings_of(case))

    return file


def settings_of(case: Case) -> ExportCoreML:
    return ExportCoreML(precision=case[2])


def problems(kind: Kind, path: Path) -> list[str]:
    return verify(path, trained(kind), rows(WINDOWS[kind])).problems


def own_problems(path: Path) -> list[str]:
    """What the file shows by itself: that another model answers its probes, or that its bytes are not those written."""
    found = verify(path, None, {}).problems
    return [one.split(": ")[0] for one in found if "probes" in one or "bytes" in one]


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_an_undamaged_file_passes(case: Case, whole: Callable[[Case], Path]) -> None:
    assert problems(case[0], whole(case)) == []
    assert own_problems(whole(case)) == []


# Converting takes seconds, so each damage is done to two of the cases, and to both formats.
@pytest.mark.parametrize(
    ("change", "case"),
    [
        (two_joints_swapped, POSE_PACKAGE),
        (two_joints_swapped, ACTION_NETWORK),
        (y_turned_over, POSE_NETWORK),
        (y_turned_over, ACTION_PACKAGE),
        (x_and_y_swapped, POSE_PACKAGE),
        (x_and_y_swapped, POSE_NETWORK),
        (time_reversed, ACTION_PACKAGE),
        (time_reversed, ACTION_NETWORK),
    ],
)
def test_a_file_that_sees_other_joints_fails(change: Callable[[Tensor], Tensor], case: Case, tmp_path: Path) -> None:
    kind, path = case[0], tmp_path / f"Hand.{case[1]}"
    save(
        replace(trained(kind), network=cast(HandNetwork, Changed(trained(kind).network, change))),
        path,
        settings_of(case),
    )
    assert any(one.startswith("test set") and "row" in one for one in problems(kind, path))
    (own,) = own_problems(path)
    assert own.endswith("probes in the metadata")


@pytest.mark.parametrize("case", CASES, ids="-".join)
@pytest.mark.parametrize("change", [labels_in_another_order, softmax_dropped])
def test_a_file_whose_answers_are_changed_fails(
    change: Callable[[Any], None], case: Case, whole: Callable[[Case], Path], tmp_path: Path
) -> None:
    path = tmp_path / whole(case).name
    shutil.copytree(whole(case), path) if whole(case).is_dir() else shutil.copy(whole(case), path)
    edit(path, change)
    assert any(one.startswith("test set") for one in problems(case[0], path))
    assert len(own_problems(path)) == 2


@pytest.mark.parametrize(
    ("layer", "case"),
    [
        ("joint_in", POSE_PACKAGE),
        ("joint_in", ACTION_NETWORK),
        ("hand_in", POSE_NETWORK),
        ("hand_in", ACTION_PACKAGE),
        ("out", POSE_PACKAGE),
        ("out", POSE_NETWORK),
    ],
)
def test_a_file_with_one_weight_changed_fails(layer: str, case: Case, tmp_path: Path) -> None:
    """From nearly nothing to 2: no weight is 2, and a damaged exponent is worse."""
    kind, path = case[0], tmp_path / f"Hand.{case[1]}"
    changed = trained(kind)
    with torch.no_grad():
        weight = getattr(changed.network, layer).weight
        weight.view(-1)[int(weight.abs().argmin())] = 2.0
    save(changed, path, settings_of(case))
    assert any(one.startswith("test set") for one in problems(kind, path))
    assert len(own_problems(path)) == 1


@pytest.mark.parametrize("suffix", FORMATS)
def test_one_changed_byte_of_a_stored_weight_fails(suffix: str, tmp_path: Path) -> None:
    path = save(trained("pose"), tmp_path / f"Hand.{suffix}")
    file = path / "Data/com.apple.CoreML/weights/weight.bin" if path.is_dir() else path
    content = bytearray(file.read_bytes())
    marker = trained("pose").network.hand_in.weight.detach().numpy().astype("<f4").tobytes()
    place = bytes(content).index(marker) + 3  # the sign and most of the exponent of the first number
    content[place] ^= 0x40
    file.write_bytes(bytes(content))
    assert any(one.startswith("test set") for one in problems("pose", path))
    assert len(own_problems(path)) == 2


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(trained("pose"), tmp_path_factory.mktemp("network") / "Hand.mlmodel")


@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, 2**32), change=st.integers(1, 255))
def test_no_byte_can_be_changed_unseen(
    network: Path, tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    content = bytearray(network.read_bytes())
    content[place % len(content)] ^= change
    changed = tmp_path_factory.mktemp("changed") / "Hand.mlmodel"
    changed.write_bytes(bytes(content))
    with suppress(DataError):
        assert verify(changed, None, {}).problems


@pytest.mark.parametrize("kind", ["pose", "action"])
def test_probes_are_few_and_hard_and_small(kind: Kind) -> None:
    assert len(probes(kind)) < 18_000
    carried = read_self_check({SELF_CHECK: probes(kind)})
    assert carried is not None
    assert carried.windows.shape[1:] == (WINDOWS[kind], 3, 21)
    assert len(set(carried.probabilities.argmax(axis=1))) > 1
    assert carried.probabilities.max(axis=1).min() < 0.7


@pytest.mark.parametrize("text", [
    "", "[]", "[" * 100_000, '{"frames": 1}',
    '{"frames": 1, "hold": 0, "windows": "", "probabilities": [], "sha256_of_file": ""}',
    '{"frames": 99999999999, "hold": 99999999999, "windows": "", "probabilities": [], "sha256_of_file": ""}',
])  # fmt: skip
def test_damaged_probes_are_a_row(network: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "Hand.mlmodel"
    path.write_bytes(network.read_bytes())
    edit(path, lambda spec: spec.description.metadata.userDefined.update({SELF_CHECK: text}))
    (problem,) = verify(path, None, {}).problems
    assert problem == "probes in the metadata: no probes of this form; expected: probes"
