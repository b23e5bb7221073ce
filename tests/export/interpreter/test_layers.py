"""Each layer of a saved neural network computes what the same operation of PyTorch computes."""

from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_cases import CASES
from layer_trials import NAMES, OUTPUTS, Draw
from saved_networks import save_network

from handloom.export.interpreter.axis_layers import REDUCTIONS
from handloom.export.interpreter.elementwise_layers import ACTIVATIONS, UNARY_FUNCTIONS
from handloom.export.interpreter.neural_network import LAYERS, NetworkModel


def test_each_layer_has_a_case() -> None:
    assert {name.split("/")[0] for name in CASES} == set(LAYERS)
    assert _kinds("activation") == set(ACTIVATIONS)
    assert _kinds("unary") == set(UNARY_FUNCTIONS)
    assert {kind.upper() for kind in _kinds("reduce")} == set(REDUCTIONS)


def _kinds(layer: str) -> set[str]:
    return {name.split("/")[1] for name in CASES if name.startswith(f"{layer}/")}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layers") / "layer.mlmodel"


@pytest.mark.parametrize("name", CASES)
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_layer_is_pytorchs(name: str, data: st.DataObject, file: Path) -> None:
    trial = CASES[name](Draw(data))
    expected = trial.expected if isinstance(trial.expected, list) else [trial.expected]

    def build(builder: Any) -> None:
        for blob, constant in zip(NAMES[1:], trial.blobs[1:], strict=False):
            builder.add_load_constant_nd(blob, blob, constant.numpy(), tuple(constant.shape))
        trial.build(builder)

    save_network(file, build, trial.blobs[0].shape, expected[0].numel(), outputs=len(expected))

    layers = coremltools.utils.load_spec(str(file)).neuralNetworkClassifier.layers
    assert layers[-1].WhichOneof("layer") == name.split("/")[0]
    runner = NetworkModel(file)
    blobs = runner.blobs(trial.blobs[0].numpy())
    for output, reference in zip(OUTPUTS, expected, strict=False):
        assert blobs[output].dtype == np.float32
        assert blobs[output].shape == reference.shape
        np.testing.assert_allclose(blobs[output], reference.numpy(), rtol=1e-4, atol=2e-5)
    assert np.array_equal(runner.run(trial.blobs[0].numpy()), blobs["out"].ravel())
