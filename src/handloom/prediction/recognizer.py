"""Live use: frames or joints come one at a time, and gestures begin and end."""

from dataclasses import dataclass, replace
from math import isfinite
from numbers import Real
from typing import Literal

import numpy as np

from handloom.config import ExtractKeypoints
from handloom.errors import expect
from handloom.hand import VOTES, Poses, poses_from_picture
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.reader import HandFollower, HandReader
from handloom.media.frame import Picture
from handloom.models.model import MINIMUM_PRESENCE
from handloom.prediction.decision import Event, GestureDecision, usual_decision
from handloom.prediction.frame_clock import LONGEST_GAP, Arrival, FrameClock
from handloom.prediction.predictor import Predictor, require_predictor
from handloom.prediction.results import Classification, Prediction
from handloom.prediction.smoothing import Smoother, Smoothing, usual_smoothing
from handloom.prediction.window_queue import MissingHand, NoWindow, WindowQueue
from handloom.prediction.windows import NO_HAND, Tick, predict_windows, usual_stride
from handloom.support.closing import Closing


class Recognizer(Closing):
    """Reports when gestures begin and end in a stream, in constant memory. Use it with `with`, or close it.

    It follows the rules of HandloomKit's RULES.md, so an app in Swift and this say the same. An action classifier gets
    frames at its own rate, whatever the camera's, and is asked every `stride` of them; a pose classifier gets every
    frame. Only frames that the model needs are looked at. One instance serves one stream and one thread at a time.

    Args:
        predictor: a pose or action classifier.
        threshold: the lowest probability at which a gesture counts, 0 to 1. None: those of the model's stream settings;
            without any its recommended ones, 0.8 for classes without one.
        smoothing: how probabilities are averaged: `Exponential(weight)`, `Mean(count)`, or not (None). "model": as the
            model's stream settings say, else not.
        hold_time: seconds for which a gesture must reach its threshold before it begins. None: the model's, else 0.
        cooldown: seconds after the end of a gesture in which none begins. None: the model's, else 0.
        stride: frames at the model's rate from one prediction to the next. None: the model's, else a third of the
            window, at least 1.
        minimum_presence: the share of the window's frames that must show a hand, 0 to 1; with less there is no answer.
        missing_hand: what becomes of frames without a hand, see `WindowQueue`.
        longest_gap: seconds without a frame after which everything is forgotten.
        settings: the section `extract_keypoints`; if None its defaults, with the model's `hand`.

    Attributes:
        prediction: the newest answer of the model, as it is; its `frame_range` counts the frames given so far. None
            where there is no hand, or too little of one, or no window yet.
        results: the same smoothed, the highest confidence first; empty where there is none.
        poses: ``[1, 3, 21]``, the joints of the newest frame that was looked at, zeros without a hand.

    Raises:
        ConfigurationError: a value is out of range, or `predictor` is none.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        threshold: float | None = None,
        smoothing: Smoothing | Literal["model"] = "model",
        hold_time: float | None = None,
        cooldown: float | None = None,
        stride: int | None = None,
        minimum_presence: float = MINIMUM_PRESENCE,
        missing_hand: MissingHand = "append_zeros",
        longest_gap: float = LONGEST_GAP,
        settings: ExtractKeypoints | None = None,
    ) -> None:
        require_predictor(predictor)
        self.prediction: Prediction | None = None
        self.results: list[Classification] = []
        self.poses: Poses = NO_HAND[None]
        self._predictor = predictor
        self._settings = settings or predictor.extraction
        self._clock = FrameClock(predictor.frame_rate, longest_gap)
        self._queue: WindowQueue[Tick] = WindowQueue(
            predictor.window, usual_stride(predictor, stride), missing_hand, minimum_presence
        )
        usual = predictor.stream
        self._smoother = Smoother(usual_smoothing(usual) if smoothing == "model" else smoothing)
        settled = usual_decision(usual, predictor.thresholds, predictor.background_label, predictor.window_seconds)
        if threshold is not None:
            settled = replace(settled, thresholds={}, default_threshold=threshold)
        if hold_time is not None:
            settled = replace(settled, hold_time=hold_time)
        if cooldown is not None:
            settled = replace(settled, cooldown=cooldown)
        self._decision = GestureDecision(settled)
        self._reader: HandReader | None = None
        self._follower: HandFollower | None = None
        self._previous: _Frame | None = None
        self._frames = 0
        self._time = 0.0

    @property
    def active(self) -> str | None:
        """The gesture that began and has not ended."""
        return self._decision.active

    def add_frame(self, rgb: Picture, time: float) -> list[Event]:
        """Add the next frame and find the hand in it.

        Args:
            rgb: uint8 ``[height, width, 3]``, upright, not mirrored; it may be written over afterwards.
            time: seconds. Where it goes back or jumps by more than `longest_gap`, a new stream begins.

        Raises:
            ConfigurationError: the picture is no array, or the time is no number.
            ValueError: the picture has another shape or type, or the time is not finite.
            HandloomError: at the first frame: a system library or the landmark model is missing.
        """
        expect("rgb", rgb, np.ndarray, advice="pass uint8 [height, width, 3]; to add joints use add_joints")
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise ValueError(f"rgb: expected uint8 [height, width, 3], got {rgb.dtype} {list(rgb.shape)}")
        return self._take(_Frame(self._frames, picture=rgb), time)

    def add_joints(self, poses: Poses | None, time: float, chirality: str = "") -> list[Event]:
        """Add the next frame's joints, found by other means.

        Args:
            poses: ``[1, 3, 21]`` as in `handloom.hand`; None or zeros without a hand.
            time: as in `add_frame`.
            chirality: "left" or "right" if known; it counts where the model wants left hands mirrored.

        Raises:
            ConfigurationError: the joints are no array, or the time is no number.
            ValueError: the joints have another shape, the time is not finite, or there is no such chirality.
        """
        if poses is not None:
            expect("poses", poses, np.ndarray, advice="pass float32 [1, 3, 21], or None without a hand")
            if poses.shape != (1, *NO_HAND.shape):
                raise ValueError(f"poses: expected shape {[1, *NO_HAND.shape]}, got {list(poses.shape)}")
        if chirality not in VOTES:
            raise ValueError(f"chirality: expected 'left', 'right' or '', got {chirality!r}")
        joints = NO_HAND if poses is None else poses[0].astype(np.float32)
        return self._take(_Frame(self._frames, joints=(joints, chirality)), time)

    def __repr__(self) -> str:
        classes = ", ".join(self._predictor.classes)
        return f"{type(self).__name__}({self._predictor.kind}, classes: {classes}; active: {self.active or 'none'})"

    def close(self) -> list[Event]:
        """Free the networks and forget the stream; a gesture that is active ends, which is given back.

        `with` closes too and drops this event: call it yourself where the end of the stream counts.
        """
        events = self._lost(self._time)
        self._forget()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._decision.forget()
        self._clock = FrameClock(self._clock.frame_rate, self._clock.longest_gap)
        return events

    def _take(self, frame: "_Frame", time: float) -> list[Event]:
        """Give the ticks to the frame before and to this one; then ask the model, if it is time."""
        expect("time", time, Real, advice="pass seconds")
        if not isfinite(time):
            raise ValueError(f"time: expected a finite number of seconds, got {time}")
        arrival = self._clock.arrive(time)
        events: list[Event] = []
        if arrival.restarted:
            events = self._lost(time)
            self._forget()
        self._time = time
        self._frames += 1
        steps = [self._append(*shown) for shown in self._shown(arrival, frame)]
        if frame.picture is not None:
            frame.picture = frame.picture.copy()  # it may get the next tick, and its memory is the caller's
        self._previous = frame
        # A slow camera's frame can stand for several ticks: the newest step that says something counts.
        said = [step for step in steps if step is not NoWindow.WAIT]
        if not said:
            return events
        return events + (self._lost(time) if isinstance(said[-1], NoWindow) else self._ask(said[-1], time))

    def _shown(self, arrival: Arrival, frame: "_Frame") -> list[tuple["_Frame", float]]:
        """The frames that the ticks up to now show, and their times since the stream began."""
        if self._predictor.kind == "pose":  # every frame is a tick
            return [(frame, self._clock.since)]
        first = self._clock.ticks - arrival.previous_ticks - arrival.taken
        frames = [self._previous or frame] * arrival.previous_ticks + [frame] * arrival.taken
        return [(shown, tick / self._clock.frame_rate) for tick, shown in enumerate(frames, first)]

    def _append(self, frame: "_Frame", time: float) -> list[Tick] | NoWindow:
        if frame.joints is None:
            frame.joints = self._look(frame, time)
            frame.picture = None
        poses, chirality = frame.joints
        self.poses = poses[None]
        tick = Tick(poses, chirality, range(frame.number, frame.number + 1), time)
        return self._queue.append(tick, hand=bool((poses[2] > 0).any()))

    def _look(self, frame: "_Frame", time: float) -> tuple[Poses, str]:
        if self._reader is None:
            self._reader = HandReader(self._settings, landmark_model_path(self._settings.landmark_model))
        if self._follower is None:
            self._follower = self._reader.follow()
        assert frame.picture is not None  # a frame has a picture or joints
        hand = self._follower.find(frame.picture, time).hand
        return (poses_from_picture(hand.points[None])[0], hand.chirality) if hand else (NO_HAND, "")

    def _ask(self, window: list[Tick], time: float) -> list[Event]:
        self.prediction = next(iter(predict_windows(self._predictor, [window])), None)
        if self.prediction is None:  # no hand in it at all
            return self._lost(time)
        smoothed = self._smoother.add(dict(self.prediction.results))
        self.results = sorted(map(Classification._make, smoothed.items()), key=lambda one: (-one.confidence, one.label))
        return self._decision.update(smoothed, time)

    def _lost(self, time: float) -> list[Event]:
        """There is no answer: averages are forgotten, and what is active ends."""
        self.prediction, self.results = None, []
        self._smoother.forget()
        events = self._decision.update(None, time, self._time)  # in a stream that broke off, it lies before the break
        if time < self._time:  # the clock was set back: hold time and cooldown cannot be reckoned over that
            self._decision.forget()
        return events

    def _forget(self) -> None:
        """Forget the frames and the hand that was followed."""
        self._queue.clear()
        self._previous, self.poses = None, NO_HAND[None]
        if self._follower is not None:
            self._follower.close()
            self._follower = None


@dataclass
class _Frame:
    """A frame: its picture until it was looked at, its joints ``[3, 21]`` and chirality from then on."""

    number: int
    picture: Picture | None = None
    joints: tuple[Poses, str] | None = None
