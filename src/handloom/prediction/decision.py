"""When a gesture begins and ends: the rules "Decision" of HandloomKit's RULES.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from handloom.config import Training
from handloom.errors import ConfigurationError
from handloom.models.model import DEFAULT_THRESHOLD, GestureTimes, StreamSettings, usual_gesture_times
from handloom.prediction.smoothing import Probabilities

# Times are compared with this much slack, seconds: differences of time stamps are rounded.
TIME_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Event:
    """A gesture began or ended.

    Attributes:
        kind: which of the two.
        label: the gesture.
        confidence: its smoothed probability at this time, 0 to 1; 0 where it ended because the hand was lost.
        time: of the frame at which it happened, seconds.
        start, end: of `ended`: where the gesture lies, by an estimate (`GestureTimes`), seconds; None of `began`. The
            start may lie before the first frame of the stream, where a gesture begins with it.
    """

    kind: Literal["began", "ended"]
    label: str
    confidence: float
    time: float
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class DecisionSettings:
    """When a gesture is recognised.

    Attributes:
        thresholds: the lowest probability at which a class counts, 0 to 1.
        default_threshold: the same for a class that is not among them.
        hold_time: seconds for which a class must reach its threshold before its gesture begins.
        cooldown: seconds after the end of a gesture in which none begins.
        background_label: the class of no gesture; it need not be among the model's.
        times: where a gesture lies, by its answers; they decide no event.

    Raises:
        ConfigurationError: a time is negative, or a threshold is not between 0 and 1.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    default_threshold: float = DEFAULT_THRESHOLD
    hold_time: float = 0.0
    cooldown: float = 0.0
    background_label: str = Training.background_label
    times: GestureTimes = field(default_factory=GestureTimes)

    def __post_init__(self) -> None:
        for name in ("hold_time", "cooldown"):
            if not getattr(self, name) >= 0:
                raise ConfigurationError(f"{name}: must be 0 seconds or more, got {getattr(self, name):g}")
        for threshold in (self.default_threshold, *self.thresholds.values()):
            if not 0 <= threshold <= 1:
                raise ConfigurationError(f"threshold: must be from 0 to 1, got {threshold:g}")


def usual_decision(
    stream: StreamSettings | None, thresholds: Mapping[str, float], background_label: str, window: float
) -> DecisionSettings:
    """When a gesture is recognised by default.

    Args:
        stream: what the model stores for streams; None: nothing.
        thresholds: its recommended ones, which count where it stores nothing for streams.
        background_label: the class of no gesture.
        window: seconds that a prediction sees; 0 for a pose.
    """
    times = (stream and stream.times) or usual_gesture_times(window)
    if stream is None:
        return DecisionSettings(thresholds, background_label=background_label, times=times)
    return DecisionSettings(
        stream.thresholds, stream.threshold, stream.hold_time, stream.cooldown, background_label, times
    )


class GestureDecision:
    """Turns probabilities into gestures that begin and end.

    Attributes:
        active: the gesture that began and has not ended; None if there is none.
    """

    def __init__(self, settings: DecisionSettings) -> None:
        self.active: str | None = None
        self._settings = settings
        self._candidate: str | None = None
        self._candidate_since = self._active_since = 0.0
        self._last_end = float("-inf")

    def update(self, probabilities: Probabilities | None, time: float, last_seen: float | None = None) -> list[Event]:
        """Take the probabilities of the next frame; say which gestures begin and end.

        Args:
            probabilities: of the classes; None where there is no hand.
            time: of the frame, seconds; it must not decrease.
            last_seen: of the last frame in which an active gesture can lie, seconds, if it is not this one: the stream
                broke off there.
        """
        events: list[Event] = []
        label = None if probabilities is None else self._recognised(probabilities)
        if label != self._candidate:
            self._candidate, self._candidate_since = label, time
        if self.active is not None and self.active != label:
            confidence = probabilities.get(self.active, 0.0) if probabilities else 0.0
            start, end = self.lies(time if last_seen is None else last_seen)
            events.append(Event("ended", self.active, confidence, time, start, end))
            self.active, self._last_end = None, time
        held = _has_passed(self._settings.hold_time, self._candidate_since, time)
        cooled = _has_passed(self._settings.cooldown, self._last_end, time)
        if label is not None and probabilities and self.active is None and held and cooled:
            events.append(Event("began", label, probabilities[label], time))
            self.active, self._active_since = label, self._candidate_since
        return events

    def lies(self, time: float) -> tuple[float, float]:
        """Where the active gesture lies if it ends at this time: start and end, seconds."""
        times = self._settings.times
        middle = (self._active_since + time) / 2 - times.delay
        half = (times.length + times.growth * (time - self._active_since)) / 2
        return middle - half, middle + half

    def forget(self) -> None:
        """Forget everything, so that the next time may be any; a gesture that is active ends without an event."""
        self.active = self._candidate = None
        self._last_end = float("-inf")

    def _recognised(self, probabilities: Probabilities) -> str | None:
        label, probability = min(probabilities.items(), key=lambda item: (-item[1], item[0]))
        reached = probability >= self._settings.thresholds.get(label, self._settings.default_threshold)
        return label if reached and label != self._settings.background_label else None


def _has_passed(seconds: float, start: float, time: float) -> bool:
    return time - start + TIME_TOLERANCE >= seconds
