"""From joints at the model's rate to predictions, window by window, holding no more than one window of frames."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from handloom.errors import ConfigurationError
from handloom.hand import CHANNELS, CHIRALITY_OF_VOTES, JOINT_COUNT, VOTES, Poses, present
from handloom.models import model as models
from handloom.prediction.predictor import Predictor
from handloom.prediction.results import Prediction
from handloom.prediction.window_queue import NoWindow, WindowQueue

NO_HAND: Poses = np.zeros((len(CHANNELS), JOINT_COUNT), np.float32)


class Tick(NamedTuple):
    """What is seen at one tick of the model's rate.

    Attributes:
        poses: ``[3, 21]``, zeros without a hand.
        chirality: "left", "right" or "".
        frames: the source's frames that it stands for, from the one that it shows to the one that the next tick shows.
        time: seconds since the source's first frame.
    """

    poses: Poses
    chirality: str
    frames: range
    time: float


def usual_stride(predictor: Predictor, stride: int | None) -> int:
    """The stride that was asked for, in frames at the model's rate; else that of the model's stream settings.

    A model without such settings is asked every third of its window.

    Raises:
        ConfigurationError: it is below 1.
    """
    if stride is None:
        return predictor.stream.stride if predictor.stream else models.usual_stride(predictor.window)
    if stride < 1:
        raise ConfigurationError(f"stride: must be at least 1 frame, got {stride}")
    return stride


def predict_ticks(
    predictor: Predictor,
    blocks: Iterable[Sequence[Tick]],
    stride: int,
    empty_windows: bool = False,
    tick_rate: float | None = None,
) -> Iterator[Prediction]:
    """The predictions of a clip, in order; see `predict_video` for the rules.

    Args:
        predictor: the classifier.
        blocks: the clip's ticks, some at a time: the windows that end in a block go through the network together.
        stride: ticks from one window to the next.
        empty_windows: give windows without any hand too, with empty results.
        tick_rate: ticks a second; the model's rate if None.
    """
    queue: WindowQueue[Tick] = WindowQueue(predictor.window, stride, minimum_presence=0.0)
    for block in blocks:
        steps = [queue.append(tick, hand=bool((tick.poses[2] > 0).any())) for tick in block]
        windows = [step for step in steps if not isinstance(step, NoWindow)]
        yield from predict_windows(predictor, windows, empty_windows, tick_rate)
    if rest := queue.rest():
        yield from predict_windows(predictor, [rest], empty_windows, tick_rate)


def predict_windows(
    predictor: Predictor,
    windows: Sequence[Sequence[Tick]],
    empty_windows: bool = False,
    tick_rate: float | None = None,
) -> list[Prediction]:
    """What the model says of windows of ticks, those without any hand left out unless `empty_windows`.

    A window with fewer ticks than the model sees is filled up with zeros at its end, as in evaluation.
    """
    poses = np.zeros((len(windows), predictor.window, *NO_HAND.shape), np.float32)
    votes = np.zeros((len(windows), predictor.window), np.int8)
    for number, window in enumerate(windows):
        poses[number, : len(window)] = [tick.poses for tick in window]
        votes[number, : len(window)] = [VOTES[tick.chirality] for tick in window]
    seen = np.asarray(present(poses).any(axis=1))
    answers = iter(predictor.answers(poses[seen], votes[seen]))
    results_of = [next(answers) if hand else [] for hand in seen.tolist()]
    return [
        Prediction(
            results,
            frame_range=range(windows[number][0].frames.start, windows[number][-1].frames.stop),
            start=float(windows[number][0].time),
            end=float(windows[number][-1].time) + 1 / (tick_rate or predictor.frame_rate),
            chirality=CHIRALITY_OF_VOTES[int(np.sign(votes[number].sum(dtype=int)))],
            poses=poses[number],
        )
        for number, results in enumerate(results_of)
        if results or empty_windows
    ]
