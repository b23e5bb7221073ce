"""Pretrained weights for few photos: trained on joints of random described hands, without photos.

`benchmarks/pretrain.py` makes the file. Half precision is plenty for a start.
"""

from importlib.resources import files

import numpy as np
import torch

from handloom.errors import ConfigurationError
from handloom.models.network import HandNetwork

WEIGHTS = "described_start.npz"
HEAD = "out."  # the layer of the classes, the only one that starts at random


def start_described(network: HandNetwork) -> None:
    """Give a network the weights, all but those of its last layer.

    Raises:
        ConfigurationError: the network has other sizes than the one that was trained with them.
    """
    with files("handloom.models").joinpath(WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
        weights = {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files}
    own = network.state_dict()
    trained = [name for name in own if not name.startswith(HEAD)]
    for name in trained:
        if name not in weights or weights[name].shape != own[name].shape:
            raise ConfigurationError(
                "pretrained_weights: described is for photos and a network of the default sizes; do not change model"
                " (single_frame), or set start to random"
            )
    network.load_state_dict({name: weights[name] if name in trained else own[name] for name in own})
