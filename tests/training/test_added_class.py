"""A class that is added to a trained model is told from the old ones, which stay as they were."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from small_models import CLASSES, random_hands, trained

from handloom.config import Model
from handloom.errors import DataError, HandloomError
from handloom.hand import Poses
from handloom.models.checkpoint import SPEC, CheckpointSpec, TrainedModel, load_model
from handloom.training.added_class import KEPT_FILE, KeptExamples, add_class
from handloom.training.checkpoints import AtomicCheckpointIO


def hands(seed: int, count: int) -> Poses:
    """One hand shape of its own for each seed, a little different each time: ``[count, 1, 3, 21]``."""
    shape = np.random.default_rng(seed).normal(0, 0.08, (1, 1, 2, 21))
    windows = np.repeat(random_hands(1, 1), count, axis=0) * 0
    windows[:, :, 2] = 1
    off = np.random.default_rng(seed + 100).normal(0, 0.004, (count, 1, 2, 21))
    windows[:, :, :2] = 0.5 + shape + off
    return windows.astype(np.float32)


def saved(folder: Path) -> Path:
    """A checkpoint of a model whose last layer knows three hand shapes, as training writes it."""
    model, settings = trained("pose"), Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0)
    spec = CheckpointSpec("pose", list(CLASSES), 1, 30.0, settings)
    content = {
        "state_dict": {f"network.{name}": tensor for name, tensor in model.network.state_dict().items()},
        "hyper_parameters": {"kind": "pose", "classes": list(CLASSES), "frame_rate": 30.0, "training": {}},
        SPEC: asdict(spec),
        "calibration": None,
    }
    folder.mkdir()
    AtomicCheckpointIO().save_checkpoint(content, folder / "model.ckpt")
    return folder / "model.ckpt"


KNOWN = KeptExamples.few_of_each(
    np.concatenate([hands(seed, 25) for seed in range(3)]), [label for label in CLASSES for _ in range(25)]
)


def said(model: TrainedModel, windows: Poses) -> list[str]:
    return [model.spec.classes[index] for index in model.probabilities(windows).argmax(axis=1)]


def test_two_classes_are_added_one_after_the_other(tmp_path: Path) -> None:
    first, second = tmp_path / "one" / "model.ckpt", tmp_path / "two" / "model.ckpt"
    for path in (first, second):
        path.parent.mkdir()
    add_class(saved(tmp_path / "old"), "new", hands(7, 5), KNOWN, first)
    kept = KeptExamples.read(first.with_name(KEPT_FILE), load_model(first))
    model = add_class(first, "newer", hands(8, 5), kept, second)
    assert model.spec.classes == [*CLASSES, "new", "newer"] and not model.thresholds
    # A network with random weights tells the three old shapes apart only once its last layer is fitted to them.
    for label, seed in zip(model.spec.classes, (0, 1, 2, 7, 8), strict=True):
        assert said(model, hands(seed, 12)[5:]) == [label] * 7


def test_adding_gives_the_same_bits(tmp_path: Path) -> None:
    old = saved(tmp_path / "old")
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        add_class(old, "new", hands(7, 5), KNOWN, tmp_path / name / "model.ckpt")
        written.append((tmp_path / name / "model.ckpt").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("label", "count", "known", "text"),
    [
        (CLASSES[0], 5, KNOWN, "has this class already"),
        ("new", 0, KNOWN, "no example with a hand"),
        ("new", 5, KeptExamples(KNOWN.windows[:20], KNOWN.labels[:20]), "no example of"),
    ],
)
def test_what_cannot_be_added_is_refused(
    tmp_path: Path, label: str, count: int, known: KeptExamples, text: str
) -> None:
    with pytest.raises(HandloomError, match=text):
        add_class(saved(tmp_path / "old"), label, hands(7, count), known, tmp_path / "model.ckpt")
    assert not (tmp_path / "model.ckpt").exists()


def test_examples_of_another_model_are_refused(tmp_path: Path) -> None:
    KNOWN.with_class("other", hands(7, 2)).write(tmp_path / KEPT_FILE)
    with pytest.raises(DataError, match="another model"):
        KeptExamples.read(tmp_path / KEPT_FILE, trained("pose"))
