"""Weights that come with handloom: they fit the default network, and know hands before any photo."""

from dataclasses import replace

import pytest
import torch

from handloom.config import Model
from handloom.errors import ConfigurationError
from handloom.models.described_start import start_described
from handloom.models.network import HandNetwork


def test_all_but_the_last_layer_is_given() -> None:
    torch.manual_seed(1)
    network = HandNetwork(7, 1, Model())
    before = {name: numbers.clone() for name, numbers in network.state_dict().items()}
    start_described(network)
    changed = {name for name, numbers in network.state_dict().items() if not torch.equal(numbers, before[name])}
    assert not any(name.startswith("out.") for name in changed)
    assert {"joint_in.weight", "hand_in.weight"} <= changed
    assert torch.equal(network.out.weight, before["out.weight"])


@pytest.mark.parametrize(("model", "window"), [(replace(Model(), width=16), 1), (Model(), 45)])
def test_a_network_of_another_size_is_refused(model: Model, window: int) -> None:
    with pytest.raises(ConfigurationError, match="pretrained_weights: described is for photos"):
        start_described(HandNetwork(3, window, model))
