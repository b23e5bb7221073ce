"""Add a gesture to a trained pose model from a few photos, to try it out."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handloom.api.parameters import ModelMetadata
from handloom.api.write import write_model
from handloom.dataset.examples import read_examples
from handloom.dataset.left_hands import mirror_left_hands
from handloom.errors import DataError, HandloomError, printable, reason_of
from handloom.export.interface import FILE_NAMES
from handloom.hand import VOTES, present
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.models.files import CORE_ML, MODEL_FILE, RUN_FILE
from handloom.models.provenance import read_provenance
from handloom.prediction.photos import predict_photos
from handloom.prediction.predictor import Predictor
from handloom.stages.layout import Layout
from handloom.support.files import replacing, sha256_of_file
from handloom.training.added_class import KEPT_FILE, KeptExamples, add_class

ADVICE = (
    "this model is for trying the gesture out, its probabilities are not calibrated; to ship the gesture, collect"
    " photos of several people and train again"
)


@dataclass(frozen=True)
class AddedGesture:
    """The result of adding a gesture.

    Attributes:
        files: the new checkpoint and the Core ML files.
        photos: how many photos the gesture was learned from.
        without_hand: photos in which no hand was found.
        finding_seconds, learning_seconds, exporting_seconds: what each part took.
    """

    files: list[Path]
    photos: int
    without_hand: list[Path]
    finding_seconds: float
    learning_seconds: float
    exporting_seconds: float


def add_gesture(
    model: Path, label: str, photos: Sequence[Path], out: Path, table: Path | None = None, split: Path | None = None
) -> AddedGesture:
    """Add a gesture to a trained pose model; write the checkpoint and proven Core ML files into a new folder.

    Args:
        model: `model.ckpt`, or the folder that has it.
        label: the gesture.
        photos: of the gesture; five of different people are good.
        out: the folder to write. It must not exist.
        table: the keypoint table that the model was trained on; None: where a project or `handloom train` has it.
        split: its split; likewise.

    Raises:
        ConfigurationError: the model has the gesture already.
        DataError: the model or a photo cannot be read, no photo has a hand, or the training set is not there.
        HandloomError: the folder cannot be written, or a file is not what was learned.
    """
    checkpoint = model / MODEL_FILE if model.is_dir() else model
    trained = load_model(checkpoint)
    if trained.spec.kind != "pose":
        raise DataError(f"{checkpoint}: a hand action classifier; a gesture is added to a hand pose classifier only")
    if out.exists():
        raise HandloomError(f"{out}: exists already; name a new folder with --out")
    begun = time.monotonic()
    hands = list(predict_photos(Predictor(trained), photos))
    found = [hand[0] for hand in hands if hand]
    without_hand = [photo for photo, hand in zip(photos, hands, strict=True) if not hand]
    if not found:
        raise DataError(f"{printable(str(photos[0]))}: no hand found in any of {len(photos)} photos; give other photos")
    windows = np.stack([one.poses for one in found])
    if trained.spec.left_hands == "mirrored":
        frames = windows[:, 0].copy()
        votes = np.array([VOTES[one.chirality] for one in found], np.int8)
        mirror_left_hands(frames, np.arange(len(frames)), np.ones(len(frames), np.int64), votes)
        windows = frames[:, None]
    known = known_examples(trained, checkpoint, table, split)
    learning = time.monotonic()
    try:
        with replacing(out) as temporary:
            temporary.mkdir()
            new = add_class(checkpoint, label, windows, known, temporary / MODEL_FILE)
            exporting = time.monotonic()
            for ending in CORE_ML:
                write_model(new, temporary / f"{FILE_NAMES['pose']}{ending}", ModelMetadata(), None)
    except OSError as error:
        raise HandloomError(f"{out}: cannot be written ({reason_of(error)})") from None
    done = time.monotonic()
    files = [out / name for name in (MODEL_FILE, *(f"{FILE_NAMES['pose']}{ending}" for ending in CORE_ML))]
    return AddedGesture(files, len(found), without_hand, learning - begun, exporting - learning, done - exporting)


def known_examples(trained: TrainedModel, checkpoint: Path, table: Path | None, split: Path | None) -> KeptExamples:
    """A few training examples of each class of a model.

    Raises:
        DataError: they are not there, or the model was trained on another table.
    """
    kept = checkpoint.with_name(KEPT_FILE)
    if kept.exists() and table is None:
        return KeptExamples.read(kept, trained)
    if table is None:
        folder = checkpoint.parent
        places = [Layout.in_folder(folder.parent), Layout.project("pose", folder.parent.parent)]
        found = [place for place in places if place.keypoints.is_file() and place.split.is_file()]
        if not found:
            raise DataError(
                f"{checkpoint}: its training set is not found next to it; give it with --table keypoints.parquet"
                " --split split.parquet"
            )
        table, split = found[0].keypoints, split or found[0].split
    run = checkpoint.with_name(RUN_FILE)
    if run.exists() and read_provenance(run).keypoints_sha256 != sha256_of_file(table):
        print(f"{table}: not the table that {checkpoint} was trained on", file=sys.stderr)
    if split is None:
        raise DataError(f"{table}: has no split; name its split with --split")
    examples = read_examples(table, split, "train", left_hands=trained.spec.left_hands).with_hand()
    windows = examples.frames[examples.starts][:, None]
    assert present(windows).all()  # a pose has one frame
    return KeptExamples.few_of_each(windows, examples.labels.to_pylist())
