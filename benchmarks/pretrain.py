"""Learn the weights of `pretrained_weights: described`, from joints of random described hands; no photo is seen.

    python benchmarks/pretrain.py

writes src/handloom/models/described_start.npz: the network `model: single_frame` without its last layer,
after telling 600 random gestures (`random_gestures.py`) apart; some minutes on one core.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning
from random_gestures import random_gestures

from handloom.config import Described, default_training
from handloom.dataset.examples import Examples
from handloom.dataset.split import class_names
from handloom.described.joint_sets import joint_sets
from handloom.described.people import generator_for
from handloom.hand import mirror
from handloom.models.described_start import HEAD, WEIGHTS
from handloom.models.network import HandNetwork
from handloom.sources.described import makers_of
from handloom.support.files import replacing
from handloom.training.data import HandData
from handloom.training.module import HandModule
from handloom.training.resume import deciding
from handloom.training.trainer import trainer_for

SEED = 1
GESTURES, OF_EACH, PEOPLE = 600, 300, 400
SETTINGS = replace(
    default_training("pose"),
    batch_size=256,
    maximum_iterations=6,
    augmentation_options=["horizontally_flip", "rotate", "scale"],
)


def family() -> Examples:
    """The examples to learn from; left hands are mirrored, as in the training of photos."""
    makers = makers_of(Described(path=".", people=PEOPLE, seed=SEED), "described")
    gestures = random_gestures(GESTURES, SEED)
    sets = [joint_sets(one, [], makers, OF_EACH, generator_for(SEED, one.label)) for one in gestures]
    count = GESTURES * OF_EACH
    labels = pa.array([one.label for one in gestures]).take(pa.array(np.repeat(np.arange(GESTURES), OF_EACH)))
    no_groups = pa.array([""] * count)
    frames, left = np.concatenate([one.poses for one in sets]), np.concatenate([one.left for one in sets])
    frames[left] = mirror(frames[left])
    lengths = np.ones(count, np.int64)
    return Examples(frames, np.arange(count), lengths, labels.dictionary_encode(), no_groups, no_groups, lengths > 0)


def trained_weights(network: HandNetwork) -> dict[str, np.ndarray]:
    """What `pretrained_weights: described` reads, of a trained network: float16 by name."""
    return {
        name: numbers.detach().numpy().astype(np.float16)
        for name, numbers in network.state_dict().items()
        if not name.startswith(HEAD)
    }


def main() -> None:
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    examples = family()
    classes = class_names(examples.labels.dictionary.to_pylist())
    lightning.seed_everything(SEED, verbose=False)
    module = HandModule("pose", classes, 30.0, deciding(SETTINGS))
    start = time.monotonic()
    with TemporaryDirectory() as folder:
        trainer_for(SETTINGS, "pose", Path(folder), []).fit(
            module, datamodule=HandData(examples, [], classes, SETTINGS)
        )
    out = Path("src/handloom/models") / WEIGHTS
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **trained_weights(module.network))
    print(f"{out}: {out.stat().st_size} bytes, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
