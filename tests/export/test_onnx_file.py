"""The saved ONNX file gives what the network gives, and says how to use it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from handloom.config import KINDS, Kind, Model
from handloom.errors import DataError
from handloom.export.onnx_file import save_onnx
from handloom.export.onnx_model import OnnxModel
from handloom.hand import JOINTS
from handloom.models.checkpoint import TrainedModel
from handloom.models.model import ModelSpec
from handloom.models.network import HandNetwork, TemporalLayer

WINDOWS: dict[Kind, int] = {"pose": 1, "action": 31}  # steps of three frames, the last not full
LABELS = ["b", "ä", "c"]


def trained(kind: Kind) -> TrainedModel:
    torch.manual_seed(0)
    sizes = Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0 if kind == "pose" else 2)
    network = HandNetwork(len(LABELS), WINDOWS[kind], sizes)
    for layer in network.temporal:  # as training leaves them, not all the same
        assert isinstance(layer, TemporalLayer)
        torch.nn.init.uniform_(layer.scale, -2.0, 2.0)
        torch.nn.init.uniform_(layer.shift)
    return TrainedModel(network.eval(), ModelSpec(kind, LABELS, WINDOWS[kind], 30.0))


def windows(length: int) -> np.ndarray:
    """Random joints; as cameras give them: a hand that leaves, joints that are not seen; and no hand at all."""
    random = np.random.default_rng(0)
    poses = random.random((9, length, 3, len(JOINTS)), dtype=np.float32)
    poses[3, length // 2 :] = 0
    poses[4] *= random.random((length, 1, len(JOINTS))) > 0.3
    poses[5, :, 2] = 1
    poses[6, :, :2] = 0.5 + 0.02 * random.standard_normal((length, 2, len(JOINTS)))
    poses[7, ..., :2] = 0.5  # all joints at one point
    poses[8] = 0
    return poses


def by_pytorch(model: TrainedModel, poses: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return torch.softmax(model.network(torch.from_numpy(poses)), dim=1).numpy()


METADATA = {"Target Frame Rate": "30.0", "Author": "Ä\nB"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, Path]:
    folder = tmp_path_factory.mktemp("export")
    paths: dict[Kind, Path] = {kind: folder / f"{kind}_Händ.onnx" for kind in KINDS}
    for kind, path in paths.items():
        save_onnx(trained(kind), path, METADATA)
    return paths


@pytest.fixture(params=KINDS)
def saved(request: pytest.FixtureRequest, files: dict[Kind, Path]) -> tuple[TrainedModel, Path]:
    return trained(request.param), files[request.param]


@pytest.fixture
def pose_file(files: dict[Kind, Path]) -> Path:
    return files["pose"]


def test_onnxruntime_agrees_with_pytorch(saved: tuple[TrainedModel, Path]) -> None:
    model, path = saved
    poses = windows(model.spec.window)
    runner = OnnxModel(path)
    found = np.stack([runner.run(one) for one in poses])
    assert found.dtype == np.float32
    assert found.shape == (len(poses), len(LABELS))
    np.testing.assert_allclose(found, by_pytorch(model, poses), rtol=0, atol=1e-5)
    assert np.ptp(found, axis=0).max() > 0.01, "the windows have to be told apart for this to say anything"


@pytest.mark.parametrize("size", [1, 7])
def test_windows_can_be_taken_together(saved: tuple[TrainedModel, Path], size: int) -> None:
    model, path = saved
    poses = windows(model.spec.window)[-size:]
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (found,) = session.run(["labelProbabilities"], {"poses": poses})
    np.testing.assert_allclose(found, by_pytorch(model, poses), rtol=0, atol=1e-5)


def test_interface_is_plain_and_named_as_in_the_core_ml_file(saved: tuple[TrainedModel, Path]) -> None:
    model, path = saved
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    assert [(one.domain, one.version) for one in proto.opset_import] == [("", 18)]
    assert proto.ir_version == 8
    assert not proto.functions
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (poses,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (poses.name, poses.type, poses.shape) == ("poses", "tensor(float)", ["N", model.spec.window, 3, 21])
    assert (probabilities.name, probabilities.type) == ("labelProbabilities", "tensor(float)")
    assert probabilities.shape == ["N", len(LABELS)]


def test_metadata_tells_an_app_what_it_needs(saved: tuple[TrainedModel, Path]) -> None:
    _, path = saved
    metadata = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert METADATA.items() <= metadata.items()
    assert json.loads(metadata["Class Labels"]) == OnnxModel(path).classes == LABELS
    assert ", ".join(JOINTS) in metadata["Description of poses"]
    assert "Class Labels" in metadata["Description of labelProbabilities"]


def test_equal_models_are_equal_files_and_the_weights_are_inside(
    saved: tuple[TrainedModel, Path], tmp_path: Path
) -> None:
    model, path = saved
    again = tmp_path / "again.onnx"
    save_onnx(model, again, METADATA)
    assert again.read_bytes() == path.read_bytes()
    assert list(tmp_path.iterdir()) == [again]


def test_nothing_of_this_machine_is_in_the_file(saved: tuple[TrainedModel, Path]) -> None:
    _, path = saved
    content = path.read_bytes()
    here = [Path(__file__).parents[2], Path(torch.__file__).parent, Path.home(), path.parent]
    assert not [folder for folder in here if str(folder).encode() in content]
    assert b".py" not in content
    assert b"stack_trace" not in content


def test_another_weight_gives_another_answer_and_saving_prints_nothing(
    pose_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = trained("pose")
    with torch.no_grad():
        model.network.out.bias[1] += 1
    weights = {name: value.clone() for name, value in model.network.state_dict().items()}
    save_onnx(model, tmp_path / "other.onnx", {})
    before, after = (OnnxModel(path).run(windows(1)[0]) for path in (pose_file, tmp_path / "other.onnx"))
    assert after[1] > before[1] + 0.1
    assert capfd.readouterr() == ("", "")
    assert all(torch.equal(value, weights[name]) for name, value in model.network.state_dict().items())


def test_a_window_of_another_length_is_refused(pose_file: Path) -> None:
    with pytest.raises(DataError, match=r"takes windows of \[1, 3, 21\], not of \[2, 3, 21\]; give it the frames"):
        OnnxModel(pose_file).run(windows(2)[0])


def test_a_damaged_or_missing_file_is_named_in_one_line(
    pose_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = pose_file.read_bytes()
    damaged = tmp_path / "damaged.onnx"
    for rest in (b"", b"hello", content[: len(content) // 2], content[:-1]):
        damaged.write_bytes(rest)
        with pytest.raises(
            DataError, match=r"^.*damaged\.onnx: not an ONNX file .*; export the model again$"
        ) as raised:
            OnnxModel(damaged)
        assert "\n" not in str(raised.value)
    for path, said in ((tmp_path / "none.onnx", "no such file"), (tmp_path, "a folder, not a saved model")):
        with pytest.raises(DataError, match=f"^{path}: {said}; [^\n]*$"):
            OnnxModel(path)
    assert capfd.readouterr() == ("", "")


def test_somebody_elses_file_is_refused(pose_file: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.onnx"
    labels = ('["a"]', "not JSON", "3", '["b", "a", ""]', '["b", "a", "a"]')
    for change in ({}, *({"Class Labels": text} for text in labels)):
        proto = onnx.load(pose_file)
        onnx.helper.set_model_props(proto, change)
        foreign.write_bytes(proto.SerializeToString())
        with pytest.raises(DataError, match=r"foreign\.onnx: an ONNX file, but not one of handloom's"):
            OnnxModel(foreign)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "relu", values[:1], values[1:])
    proto = onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 18)])
    onnx.helper.set_model_props(proto, {"Class Labels": '["a"]'})
    foreign.write_bytes(proto.SerializeToString())
    with pytest.raises(DataError, match=r"foreign\.onnx: an ONNX file, but not one of handloom's"):
        OnnxModel(foreign)


def endless(proto: onnx.ModelProto) -> None:
    """The probabilities go round 2^60 times."""
    types = (("round", onnx.TensorProto.INT64), ("more", onnx.TensorProto.BOOL), ("x", onnx.TensorProto.FLOAT))
    inputs = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in types]
    outputs = [onnx.helper.make_tensor_value_info(f"{name}_next", kind, None) for name, kind in types[1:]]
    steps = [onnx.helper.make_node("Identity", [name], [f"{name}_next"]) for name, _ in types[1:]]
    body = onnx.helper.make_graph(steps, "body", inputs, outputs)
    add_constants(proto, rounds=np.array(2**60), go_on=np.array(True))
    append(proto, "Loop", ["rounds", "go_on", "inner"], body=body)


def huge(proto: onnx.ModelProto) -> None:
    """The sum of a hundred gigabytes of zeros is added to the probabilities."""
    add_constants(proto, zero=np.zeros((1, 1), np.float32), sizes=np.array([2**18, 2**17]))
    proto.graph.node.append(onnx.helper.make_node("Expand", ["zero", "sizes"], ["big"]))
    proto.graph.node.append(onnx.helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0))
    append(proto, "Add", ["inner", "sum"])


def add_constants(proto: onnx.ModelProto, **values: np.ndarray) -> None:
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in values.items())


def append(proto: onnx.ModelProto, operator: str, inputs: list[str], **attributes: Any) -> None:
    """An operator on what was the output, which is called `inner` from now on."""
    output = proto.graph.output[0].name
    proto.graph.node[-1].output[0] = "inner"
    proto.graph.node.append(onnx.helper.make_node(operator, inputs, [output], **attributes))


@pytest.mark.parametrize("change", [endless, huge])
def test_what_would_run_for_ever_or_fill_the_memory_is_refused_before_it_runs(
    pose_file: Path, tmp_path: Path, change: Callable[[onnx.ModelProto], None]
) -> None:
    proto = onnx.load(pose_file)
    assert proto.graph.node[-1].output[0] == proto.graph.output[0].name
    change(proto)
    (tmp_path / "costly.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(DataError, match=r"costly\.onnx: not an ONNX file .*(loops|elements)"):
        OnnxModel(tmp_path / "costly.onnx")


WITHOUT_EXTRA = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None
from pathlib import Path
from handloom.errors import ConfigurationError
from handloom.export.onnx_file import save_onnx
from handloom.export.onnx_model import OnnxModel
Path("a.onnx").touch()
for call in (lambda: save_onnx(None, Path("a.onnx"), {}), lambda: OnnxModel(Path("a.onnx"))):
    try:
        call()
    except ConfigurationError as error:
        print(error)
"""


def test_without_the_extra_one_line_says_what_to_type(tmp_path: Path) -> None:
    blocked = ["onnx", "onnxscript", "onnxruntime"]
    command = [sys.executable, "-c", WITHOUT_EXTRA, *blocked]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert printed.splitlines() == [
        "export_coreml.formats: onnx needs onnxscript: pip install 'handloom[onnx]'",
        "a.onnx needs onnx: pip install 'handloom[onnx]'",
    ]
