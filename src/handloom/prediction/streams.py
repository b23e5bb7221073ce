"""Actions, or poses, in a stream of frames that may never end."""

from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np

from handloom.config import ExtractKeypoints
from handloom.hand import poses_from_picture
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.reader import HandReader
from handloom.media.frame import Picture
from handloom.media.sampling import sampled
from handloom.prediction.predictor import Predictor, require_predictor
from handloom.prediction.results import Prediction
from handloom.prediction.windows import NO_HAND, Tick, predict_ticks, usual_stride


def predict_stream(
    predictor: Predictor,
    frames: Iterable[tuple[Picture, float]],
    *,
    stride: int | None = None,
    settings: ExtractKeypoints | None = None,
) -> Iterator[Prediction]:
    """The predictions of frames as they come, by the rules of `predict_video`, in memory that does not grow.

    No more frames are taken than the next prediction needs, and two at most are held. A live answer that is smoothed,
    and is not late by a frame, is the `Recognizer`'s.

    Args:
        predictor: a classifier; one of poses answers at each stride too, its window being one frame.
        frames: uint8 ``[height, width, 3]``, RGB, upright; and the time in seconds, rising.
        stride: as in `predict_video`.
        settings: the section `extract_keypoints`; if None its defaults, with the model's `hand`.

    Raises:
        ConfigurationError: the stride is below 1.
        HandloomError: while iterating: a system library or the landmark model is missing.
    """
    require_predictor(predictor)
    stride = usual_stride(predictor, stride)
    return predict_ticks(
        predictor, ([tick] for tick in _ticks(predictor, frames, settings or predictor.extraction)), stride
    )


def _ticks(predictor: Predictor, frames: Iterable[tuple[Picture, float]], settings: ExtractKeypoints) -> Iterator[Tick]:
    numbers = count()
    timed = ((time, (next(numbers), picture)) for picture, time in frames)
    model = landmark_model_path(settings.landmark_model)
    with HandReader(settings, model) as reader, reader.follow() as follower:
        waiting: Tick | None = None
        for time, (number, picture) in sampled(timed, predictor.frame_rate):
            if waiting is not None:
                yield _until(waiting, number)
            hand = follower.find(np.asarray(picture), time).hand
            poses = poses_from_picture(hand.points[None])[0] if hand else NO_HAND
            waiting = Tick(poses, hand.chirality if hand else "", range(number, number + 1), time)
        if waiting is not None:
            yield _until(waiting, next(numbers))


def _until(tick: Tick, number: int) -> Tick:
    """The tick, standing for the frames up to the one that the next tick shows."""
    return tick._replace(frames=range(tick.frames.start, max(tick.frames.stop, number)))
