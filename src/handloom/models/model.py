"""The interface of every model, from any file: a description, and probabilities of windows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from handloom.config import LONGEST_TIME, HandChoice, Kind, LeftHands, StreamValues, Training, as_plain
from handloom.hand import Poses

# Windows that go through a network at once: enough to be quick, few enough that memory stays small.
WINDOWS_AT_ONCE = 256
# Where validation taught none: the probability from which on an answer is worth believing. HandloomKit has the same.
DEFAULT_THRESHOLD = 0.8
# The share of a live window's frames that has to hold a hand, as in Apple's own sample. HandloomKit has the same.
MINIMUM_PRESENCE = 0.6


def usual_stride(window: int) -> int:
    """Frames from one prediction of a stream to the next where the model does not say: a third of its window.

    HandloomKit has the same rule.
    """
    return max(1, window // 3)


@dataclass(frozen=True)
class GestureTimes:
    """Where a gesture lies, by the answers for it: they come late, and begin when a part of it was shown.

    The middle of the gesture lies `delay` before the middle of its answers, which last from the first of them in a row
    to the first other one. It is `length + growth * seconds of answers` long.

    Attributes:
        delay: seconds.
        length: seconds.
        growth: 0: all gestures are as long; 1: a gesture is longer by what its answers last longer.

    Raises:
        ValueError: a number is out of range.
    """

    delay: float = 0.0
    length: float = 0.0
    growth: float = 1.0

    def __post_init__(self) -> None:
        if not (abs(self.delay) <= LONGEST_TIME and 0 <= self.length <= LONGEST_TIME and 0 <= self.growth <= 1):
            raise ValueError("its stream settings have times of gestures that are out of range")


def usual_gesture_times(window: float) -> GestureTimes:
    """Where a gesture lies if that was not measured on recordings; docs/benchmarks.md says which streams decided.

    Args:
        window: seconds that a prediction sees; 0 for a pose, which lies where it is answered.
    """
    return GestureTimes(window / 2, 0.75 * window, 0.5) if window else GestureTimes()


@dataclass(frozen=True)
class StreamSettings:
    """When a gesture counts in a stream: chosen on validation streams or by a person, and stored with the model.

    Attributes:
        threshold: the lowest probability at which a class counts, 0 to 1.
        hold_time: seconds for which a class must reach its threshold before its gesture begins.
        cooldown: seconds after the end of a gesture in which none begins.
        stride: frames at the model's rate from one prediction to the next.
        mean: so many predictions are averaged; 1: each counts as it is.
        thresholds: of the classes for which another threshold than `threshold` was chosen.
        false_per_hour: false and doubled answers an hour, at most, for which they were chosen; None: not known.
        times: where a gesture lies, by its answers, as measured where they were chosen; None: not known. They decide
            no event, and HandloomKit does not read them.

    Raises:
        ValueError: a number is out of range.
    """

    threshold: float = DEFAULT_THRESHOLD
    hold_time: float = 0.0
    cooldown: float = 0.0
    stride: int = 1
    mean: int = 1
    thresholds: Mapping[str, float] = field(default_factory=dict)
    false_per_hour: float | None = None
    times: GestureTimes | None = None

    def __post_init__(self) -> None:
        if not all(0 <= share <= 1 for share in (self.threshold, *self.thresholds.values())):
            raise ValueError("its stream settings have a threshold that is not between 0 and 1")
        if not all(0 <= time <= LONGEST_TIME for time in (self.hold_time, self.cooldown)):
            raise ValueError(f"its stream settings have a time that is not between 0 and {LONGEST_TIME:g} seconds")
        if self.stride < 1 or self.mean < 1:
            raise ValueError("its stream settings have a stride or a mean below 1")
        if self.false_per_hour is not None and not 0 <= self.false_per_hour < math.inf:
            raise ValueError("its stream settings are for no number of false answers an hour")


@dataclass(frozen=True)
class ModelSpec:
    """The description that prediction needs.

    Attributes:
        kind: "pose" or "action".
        classes: labels, in the order of the probabilities.
        window: frames a prediction sees; 1 for a pose.
        frame_rate: frames/s it was trained at.
        background_label: the class of no gesture; it need not be among `classes`.
        left_hands: "mirrored" where left hands have to be turned into right ones before a prediction.
        landmarks: library, version and model file that found the joints; empty where that is not known.
        hand: which of two hands its joints are of (`extract_keypoints.hand`); empty where that is not known.
        landmarker: what made the joints, by name; several with commas between them; empty where that is not known.
        note: what a person should know before believing its answers, a line; mostly empty.
        stream: when a gesture counts in a stream; None where that was not chosen.
    """

    kind: Kind
    classes: list[str]
    window: int
    frame_rate: float
    background_label: str = Training.background_label
    left_hands: LeftHands = "as_they_are"
    landmarks: str = ""
    hand: HandChoice | Literal[""] = ""
    landmarker: str = ""
    note: str = ""
    stream: StreamSettings | None = None


class Model(Protocol):
    """A hand classifier: a checkpoint, an exported file of any format, or anything else that answers so."""

    @property
    def spec(self) -> ModelSpec:
        """Its description."""
        ...

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The recommended threshold of each class that has one."""
        ...

    def probabilities(self, windows: Poses) -> NDArray[np.float64]:
        """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``, which are not mirrored."""
        ...


def usual_stream_settings(model: Model, values: StreamValues | None = None) -> StreamSettings:
    """What a stream takes by default: the model's stream settings, else its recommended thresholds.

    Args:
        model: the model.
        values: what its exported files get in place of its own; None: nothing.
    """
    if values and (given := stream_settings_with(model, values)):
        return given
    if model.spec.stream:
        return model.spec.stream
    return StreamSettings(stride=usual_stride(model.spec.window), thresholds=model.thresholds)


def stream_settings_with(model: Model, values: StreamValues) -> StreamSettings | None:
    """The model's stream settings, with these values in place of its own, as `Recognizer` takes them.

    None where the model has none and no value is given.
    """
    given = {name: value for name, value in as_plain(values).items() if value is not None}
    if not given:
        return model.spec.stream
    settings = replace(usual_stream_settings(model), false_per_hour=None, **given)
    return settings if values.threshold is None else replace(settings, thresholds={})
