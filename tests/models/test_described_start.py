"""Weights that come with handloom: they fit the default network, and know hands before any photo."""

from dataclasses import replace

import pytest
import torch

from handloom.config import Kind, Model, default_training
from handloom.errors import ConfigurationError
from handloom.models.described_start import load_pretrained
from handloom.models.network import HandNetwork

OTHERS: list[tuple[Kind, Model, int]] = [
    ("pose", replace(Model(), width=16), 1),
    ("pose", replace(Model(), spatial_layers=1), 1),
    ("pose", Model(), 45),
    ("action", default_training("action").model, 45),
    ("action", default_training("pose").model, 1),  # the same sizes
]


def changed_by(pretrained_weights: str, model: Model, window: int, kind: Kind = "pose") -> set[str]:
    """The names of the weights that are not as random as before."""
    torch.manual_seed(1)
    network = HandNetwork(7, window, model)
    before = {name: numbers.clone() for name, numbers in network.state_dict().items()}
    load_pretrained(network, kind, pretrained_weights)
    return {name for name, numbers in network.state_dict().items() if not torch.equal(numbers, before[name])}


@pytest.mark.parametrize("pretrained_weights", ["auto", "described"])
def test_all_but_the_last_layer_is_given(pretrained_weights: str) -> None:
    changed = changed_by(pretrained_weights, default_training("pose").model, 1)
    every = {name for name, _ in HandNetwork(7, 1, Model()).named_parameters()}
    assert changed == every - {"out.weight", "out.bias"}


def test_none_keeps_random_weights() -> None:
    assert not changed_by("none", Model(), 1)


@pytest.mark.parametrize(("kind", "model", "window"), OTHERS)
def test_a_network_of_actions_or_another_size_starts_at_random_or_is_refused(
    kind: Kind, model: Model, window: int
) -> None:
    assert not changed_by("auto", model, window, kind)
    with pytest.raises(ConfigurationError, match="pretrained_weights: described is for photos"):
        changed_by("described", model, window, kind)
