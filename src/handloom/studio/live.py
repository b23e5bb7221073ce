"""The camera's frames, one at a time: the hand's joints, and the answers of `Recognizer` where a model is asked."""

import io
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from handloom.config import ExtractKeypoints, Kind, StreamValues
from handloom.errors import DataError, HandloomError, first_line
from handloom.hand import BONES, Poses, picture_from_poses, poses_from_picture, present
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.reader import HandFollower, HandReader
from handloom.media.frame import Picture
from handloom.models.files import EXPORTED
from handloom.models.model import usual_stream_settings
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.prediction.windows import NO_HAND
from handloom.stages.layout import Layout

LARGEST_FRAME = 8_000_000  # bytes
_LARGEST_SIDE = 4096  # pixels; a JPEG's header can announce far more than its bytes hold
_DECIMALS = 4  # of joints that are drawn


def model_of(layout: Layout) -> Path | None:
    """The model to try: an exported file, else the trained one; None before the first training."""
    if any(path.suffix in EXPORTED for path in layout.exports.glob("*")):
        return layout.exports
    return layout.model_file if layout.model_file.is_file() else None


def decoded(frame: bytes) -> Picture:
    """The picture of a camera's frame, uint8 ``[height, width, 3]``, RGB.

    Args:
        frame: a JPEG.

    Raises:
        DataError: it is none, or too large.
    """
    try:
        with Image.open(io.BytesIO(frame), formats=("JPEG",)) as image:
            if max(image.size) > _LARGEST_SIDE:
                raise DataError(f"the frame has {image.width} x {image.height} pixels; send smaller ones")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"the frame is no JPEG that can be read ({first_line(error)}); try again") from None


class LiveStream:
    """Looks at one stream of frames. One is looked at at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recognizer: Recognizer | None = None
        self._reader: HandReader | None = None
        self._follower: HandFollower | None = None

    def start(
        self, extraction: ExtractKeypoints, kind: Kind | None, model: Path | None, settings: StreamValues
    ) -> dict[str, Any]:
        """Begin a stream; the one before ends.

        Args:
            extraction: the section `extract_keypoints`, for joints without a model.
            kind: of the model.
            model: what is asked; None: joints only.
            settings: of the recogniser; None: what the model recommends.

        Returns:
            what the page shows of the model; the bones, as pairs of joints.

        Raises:
            HandloomError: the model cannot be opened, or a setting is out of range.
        """
        with self._lock:
            self._close()
            said: dict[str, Any] = {"bones": BONES}
            if model is None:
                self._reader = HandReader(extraction, landmark_model_path(extraction.landmark_model))
                return said
            predictor = Predictor.open(model, kind)
            self._recognizer = Recognizer(predictor, **asdict(settings))
            usual = usual_stream_settings(predictor.model)
            return said | {
                "classes": predictor.classes,
                "background": predictor.background_label,
                "thresholds": {label: usual.thresholds.get(label, usual.threshold) for label in predictor.classes},
                "note": predictor.note,
                "frame_rate": predictor.frame_rate,
                "window": predictor.window,
            }

    def add(self, frame: bytes, time: float) -> dict[str, Any]:
        """Look at the next frame.

        Args:
            frame: a JPEG, upright, not mirrored.
            time: seconds, of the camera.

        Returns:
            joints ``[21][2]``, fractions of the picture, y down, none without a hand; with a model also its newest
            answer, the smoothed results, the active gesture and the events of this frame.

        Raises:
            HandloomError: no stream was begun, or the frame cannot be read.
        """
        began = perf_counter()
        picture = decoded(frame)
        with self._lock:
            if self._recognizer is None:
                said: dict[str, Any] = {}
                poses = self._joints(picture, time)
            else:
                events = self._recognizer.add_frame(picture, time)
                poses = self._recognizer.poses
                said = {
                    "prediction": self._recognizer.prediction and self._recognizer.prediction.results,
                    "results": self._recognizer.results,
                    "active": self._recognizer.active,
                    "events": [asdict(event) for event in events],
                }
        joints = picture_from_poses(poses)[0] if present(poses).any() else np.empty((0, 2))
        return said | {"joints": joints.round(_DECIMALS).tolist(), "seconds": perf_counter() - began}

    def stop(self) -> None:
        """End the stream, if there is one, and free the networks."""
        with self._lock:
            self._close()

    def _joints(self, picture: Picture, time: float) -> Poses:
        if self._reader is None:
            raise HandloomError("no stream was begun; start the camera again")
        if self._follower is None:
            self._follower = self._reader.follow()
        hand = self._follower.find(picture, time).hand
        return poses_from_picture(hand.points[None]) if hand else NO_HAND[None]

    def _close(self) -> None:
        for one in (self._recognizer, self._follower, self._reader):
            if one is not None:
                one.close()
        self._recognizer = self._follower = self._reader = None
