"""What an exported file carries to prove itself: a few windows, the probabilities that they must give, and its sha256.

All of it is one entry of the metadata, `SELF_CHECK`, a JSON object:

* ``frames``: of a window, T.
* ``hold``: frames for which each stored frame is shown; frame t of a window is the stored frame ``t // hold``.
* ``windows``: base64 of bytes ``[N, ceil(T / hold), 3, 21]``; a byte b stands for the float32 ``b / 255``.
* ``probabilities``: ``[N, classes]`` as the trained network gave them, to 6 decimals; ``labels`` has their order.
* ``sha256_of_file``: of the file with 64 zeros in place of this text; of a package, of its files (`sealed_files`) one
  after another.

An app computes the same on the device: the bytes are chosen so that Swift and Python make the same windows of them.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.export.comparison import NamedWindows
from handloom.export.hard_cases import hard_cases, plain_hand
from handloom.export.package import MANIFEST, embedder_of
from handloom.hand import CHANNELS, JOINT_COUNT, Poses, present
from handloom.models.files import TASK
from handloom.models.model import Model

SELF_CHECK = "Self Check"
MOST_PROBES = 16
MOST_BYTES = 18_000  # of the entry; a file's metadata stay below 20 kB with it
STORED_FRAMES = 16  # at most, of a window
DECIMALS = 6
RANDOM_HANDS = 64
_STEPS = 255
_UNSEALED = "0" * 64
_SEAL = re.compile(
    rb'(\\?"sha256_of_file\\?": ?\\?")([0-9a-f]{64})'
)  # quotes are escaped where JSON stands within JSON


@dataclass(frozen=True)
class SelfCheck:
    """The entry, read.

    Attributes:
        windows: float32 ``[N, T, 3, 21]``.
        labels: of the probabilities.
        probabilities: ``[N, classes]``.
        sha256: what the file had when it was written.
    """

    windows: Poses
    labels: list[str]
    probabilities: NDArray[np.float64]
    sha256: str


def self_check(model: Model, batches: Iterable[NamedWindows] = ()) -> str:
    """The entry for a model, not sealed yet.

    The probes are spread over the labels that the model gives, and of each label those of which it is least sure come
    first: a damage moves these most.

    Args:
        model: the trained classifier.
        batches: windows to choose from, such as the test set's; random hands and hard cases are always among them.
    """
    hold = -(-model.spec.window // STORED_FRAMES)
    stored = np.concatenate([_stored(windows, hold) for windows in _candidates(model.spec.window, batches)])
    windows = _shown(stored, model.spec.window, hold)
    probabilities = np.round(model.probabilities(windows), DECIMALS)
    order = _chosen(probabilities)
    for count in range(min(MOST_PROBES, len(order)), 0, -1):
        rows = order[:count]
        text = json.dumps(
            {
                "frames": model.spec.window,
                "hold": hold,
                "windows": base64.b64encode(stored[rows].tobytes()).decode("ascii"),
                "labels": model.spec.classes,
                "probabilities": probabilities[rows].tolist(),
                "sha256_of_file": _UNSEALED,
            },
            ensure_ascii=False,
        )
        if len(text) <= MOST_BYTES:
            break
    return text


def read_self_check(metadata: Mapping[str, str]) -> SelfCheck | None:
    """The entry of a file's metadata; None without one.

    Raises:
        ValueError: it is not of this form.
    """
    if SELF_CHECK not in metadata:
        return None
    try:
        given = json.loads(metadata[SELF_CHECK])
        frames, hold, sha256 = int(given["frames"]), int(given["hold"]), str(given["sha256_of_file"])
        labels = [str(label) for label in given["labels"]]
        probabilities = np.array(given["probabilities"], np.float64)
        content = np.frombuffer(base64.b64decode(given["windows"], validate=True), np.uint8)
        if not 0 < hold <= frames <= STORED_FRAMES * hold or probabilities.shape[1:] != (len(labels),):
            raise ValueError
        stored = content.reshape(len(probabilities), -(-frames // hold), len(CHANNELS), JOINT_COUNT)
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        raise ValueError("no probes of this form") from None
    return SelfCheck(_shown(stored, frames, hold), labels, probabilities, sha256)


def seal(path: Path) -> None:
    """Put the sha256 of a file that was just written into its entry; a file without one stays as it is.

    A `.task` was sealed inside, before its parts were zipped.
    """
    if path.suffix == TASK:
        return
    digest = sha256_without_seal(path)
    for file in sealed_files(path):
        content = file.read_bytes()
        sealed = _SEAL.sub(lambda found: found[1] + digest.encode(), content)
        if sealed != content:
            file.write_bytes(sealed)


def sha256_without_seal(path: Path) -> str:
    """The sha256 of a file as it was before `seal`."""
    contents = [embedder_of(path)] if path.suffix == TASK else [file.read_bytes() for file in sealed_files(path)]
    digest = hashlib.sha256()
    for content in contents:
        digest.update(_SEAL.sub(lambda found: found[1] + _UNSEALED.encode(), content))
    return digest.hexdigest()


def sealed_files(path: Path) -> list[Path]:
    """The files whose bytes count: all of a package by name, but its manifest, which Xcode writes as it likes."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and file.name != str(MANIFEST))


def _candidates(window: int, batches: Iterable[NamedWindows]) -> Iterable[Poses]:
    drawn = plain_hand(window)[None]
    yield _random_hands(window)
    yield from hard_cases(drawn).values()
    for batch in batches:
        yield batch.windows[present(batch.windows).any(axis=1)]


def _random_hands(window: int) -> Poses:
    """Hands with joints near those of a plain one, the same each time: ``[RANDOM_HANDS, window, 3, 21]``."""
    draw = np.random.default_rng(0)
    windows = np.repeat(plain_hand(window)[None], RANDOM_HANDS, axis=0)
    spread = draw.uniform(0.01, 0.15, (RANDOM_HANDS, 1, 1, 1))
    windows[:, :, :2] += draw.normal(0, 1, (RANDOM_HANDS, 1, 2, JOINT_COUNT)) * spread
    windows[:, :, :2] += draw.normal(0, 0.2, (RANDOM_HANDS, 1, 2, 1)) * np.linspace(0, 1, window)[:, None, None]
    return windows


def _stored(windows: Poses, hold: int) -> NDArray[np.uint8]:
    return np.clip(np.round(windows[:, ::hold] * _STEPS), 0, _STEPS).astype(np.uint8)


def _shown(stored: NDArray[np.uint8], frames: int, hold: int) -> Poses:
    return np.repeat(stored.astype(np.float32) / np.float32(_STEPS), hold, axis=1)[:, :frames]


def _chosen(probabilities: NDArray[np.float64]) -> list[int]:
    """Rows, those of each label in turn, the least sure first."""
    labels, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    by_label = [
        sorted(np.flatnonzero(labels == label).tolist(), key=lambda row: (confidence[row], row))
        for label in np.unique(labels)
    ]
    longest = max(map(len, by_label))
    return [rows[turn] for turn in range(longest) for rows in by_label if turn < len(rows)]
