"""Pretrained weights for photos: trained on joints of random described hands, without photos.

`benchmarks/pretrain.py` makes the file. Half precision is plenty for a start.
"""

from importlib.resources import files

import numpy as np
import torch

from handloom.config import Kind
from handloom.errors import ConfigurationError
from handloom.models.network import HandNetwork

WEIGHTS = "described_start.npz"
HEAD = "out."  # the layer of the classes, the only one that starts at random


def load_pretrained(network: HandNetwork, kind: Kind, pretrained_weights: str) -> None:
    """Give a new network the weights, all but those of its last layer, as `pretrained_weights` says.

    Args:
        network: with random weights, which it keeps for `none`, and for `auto` where it is of actions or its sizes are
            others.
        kind: of the network; a clip of one frame is no photo.
        pretrained_weights: the parameter of that name.

    Raises:
        ConfigurationError: `described`, and the network is of actions, or has other sizes than the trained one.
    """
    if pretrained_weights == "none":
        return
    with files("handloom.models").joinpath(WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        weights = {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files}
    own = network.state_dict()
    trained = {name for name in own if not name.startswith(HEAD)}
    fits = trained == weights.keys() and all(weights[name].shape == own[name].shape for name in trained)
    if kind != "pose" or not fits:
        if pretrained_weights == "auto":
            return
        raise ConfigurationError(
            "pretrained_weights: described is for photos and a network of the default sizes; do not change model"
            " (single_frame), or set pretrained_weights to none"
        )
    network.load_state_dict(own | weights)
