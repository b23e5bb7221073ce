"""One more class for a trained model, from a few examples: the last layer alone is fitted again.

The new row begins as imprinted weights (Qi, Brown and Lowe 2018, "Low-shot learning with imprinted weights"): the mean
of the examples' unit embeddings, as long as the old rows are on average. By itself that row takes old classes for the
new one, because embeddings behind a ReLU all point into one corner. So all rows are then fitted, by logistic
regression, to the new examples and to a few of each old class, and old rows are pulled back to where they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handloom.errors import ConfigurationError, DataError, first_line, printable
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.models.checkpoint import CALIBRATION, SPEC, TrainedModel, load_model, read_checkpoint
from handloom.support.files import replacing
from handloom.training.checkpoints import LAST_LAYER, AtomicCheckpointIO

KEPT_FILE = "kept_examples.npz"  # next to a model with an added class: what its last layer was fitted to
KEPT_PER_CLASS = 20
PULL = 1e-3  # on the squared distance of a row from where it began; new rows are pulled to zero
SMOOTHING = 0.05  # of the labels, as in training
STEPS = 60  # of L-BFGS; it has converged by then


@dataclass(frozen=True)
class KeptExamples:
    """Examples that a last layer is fitted to.

    Attributes:
        windows: float32 ``[N, window, 3, 21]``, left hands mirrored already where the model wants that.
        labels: text ``[N]``.
    """

    windows: Poses
    labels: NDArray[np.str_]

    @classmethod
    def few_of_each(cls, windows: Poses, labels: Sequence[str]) -> "KeptExamples":
        """At most `KEPT_PER_CLASS` of each class, evenly spread over the given order."""
        names = np.asarray(labels, np.str_)
        kept = []
        for label in np.unique(names):
            own = np.flatnonzero(names == label)
            kept.append(own[np.unique(np.linspace(0, len(own) - 1, KEPT_PER_CLASS).round().astype(int))])
        chosen = np.concatenate(kept)
        return cls(windows[chosen], names[chosen])

    def with_class(self, label: str, windows: Poses) -> "KeptExamples":
        """These and those of one more class."""
        return KeptExamples(
            np.concatenate([self.windows, windows]), np.append(self.labels, np.full(len(windows), label))
        )

    def write(self, path: Path) -> None:
        """Write them to a file."""
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, windows=self.windows, labels=self.labels)

    @classmethod
    def read(cls, path: Path, model: TrainedModel) -> "KeptExamples":
        """Read what was written for a model.

        Raises:
            DataError: the file is damaged, or belongs to another model.
        """
        try:
            with np.load(path, allow_pickle=False) as content:
                found = cls(content["windows"].astype(np.float32), content["labels"].astype(np.str_))
            shape = (len(found.labels), model.spec.window, len(CHANNELS), JOINT_COUNT)
            if found.windows.shape != shape or set(found.labels) != set(model.spec.classes):
                raise ValueError("it belongs to another model")
        except Exception as error:  # zipfile and numpy raise of all kinds
            raise DataError(f"{path}: cannot be used ({first_line(error)}); train the model again") from None
        return found


def add_class(checkpoint: Path, label: str, windows: Poses, known: KeptExamples, out: Path) -> TrainedModel:
    """Write the checkpoint of a model with one more class; return the model.

    What validation told of the old model, temperature and thresholds, is left out: nothing was measured of the new one.

    Args:
        checkpoint: of the old model.
        label: the new class.
        windows: ``[N, window, 3, 21]``, its examples; each has a hand.
        known: examples of each old class.
        out: the new checkpoint; `KEPT_FILE` is written next to it.

    Raises:
        ConfigurationError: the model has this class already, or there is no example.
        DataError: the checkpoint cannot be read, or an old class has no example.
    """
    model = load_model(checkpoint)
    classes = model.spec.classes
    if label in classes:
        raise ConfigurationError(
            f"{printable(label)}: the model has this class already; train again with the new photos"
        )
    if not len(windows):
        raise ConfigurationError(f"{printable(label)}: no example with a hand")
    if missing := [one for one in classes if one not in known.labels]:
        raise DataError(f"no example of {printable(missing[0])} to keep it apart from {printable(label)}")
    kept = known.with_class(label, windows)
    weight, bias = fit_last_layer(model, label, kept)
    content = read_checkpoint(checkpoint)
    content["state_dict"] = content["state_dict"] | dict(zip(LAST_LAYER, (weight, bias), strict=True))
    content["hyper_parameters"] = content["hyper_parameters"] | {"classes": [*classes, label], "class_weights": None}
    if SPEC in content:
        content[SPEC] = content[SPEC] | {"classes": [*classes, label]}
    content[CALIBRATION] = None
    kept.write(out.with_name(KEPT_FILE))
    AtomicCheckpointIO().save_checkpoint(content, out)
    return load_model(out)


def fit_last_layer(model: TrainedModel, label: str, kept: KeptExamples) -> tuple[Tensor, Tensor]:
    """Weights ``[classes + 1, features]`` and biases ``[classes + 1]`` of the last layer, for the class `label` too.

    Args:
        model: the model without the class.
        label: the class; it gets the last row.
        kept: examples of each class.
    """
    features = embeddings(model, kept.windows)
    row: Mapping[str, int] = {name: number for number, name in enumerate([*model.spec.classes, label])}
    targets = torch.tensor([row[str(one)] for one in kept.labels])
    shares = 1 / torch.bincount(targets)[targets].double()  # every class counts the same
    old, old_bias = (one.detach().double() for one in (model.network.out.weight, model.network.out.bias))
    imprinted = torch.nn.functional.normalize(features[targets == row[label]], dim=1).mean(dim=0)
    imprinted = torch.nn.functional.normalize(imprinted, dim=0) * old.norm(dim=1).mean()
    weight = torch.cat([old, imprinted[None]]).requires_grad_()
    bias = torch.cat([old_bias, old_bias.mean()[None]]).requires_grad_()
    begun = torch.cat([old, torch.zeros_like(imprinted)[None]])
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        scores = features @ weight.T + bias
        each = torch.nn.functional.cross_entropy(scores, targets, reduction="none", label_smoothing=SMOOTHING)
        value: Tensor = (each * shares).sum() / shares.sum() + PULL * (weight - begun).square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    return weight.detach().float(), bias.detach().float()


def embeddings(model: TrainedModel, windows: Poses) -> Tensor:
    """What the network's last layer is given for windows ``[N, window, 3, 21]``: float64 ``[N, features]``."""
    given: list[Tensor] = []
    hook = model.network.out.register_forward_pre_hook(lambda layer, inputs: given.append(inputs[0]))
    try:
        model.probabilities(windows)
    finally:
        hook.remove()
    return torch.cat(given).double().clone()
