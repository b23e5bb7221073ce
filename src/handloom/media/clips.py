"""Clips as phones make them: upright frames at a constant rate, of a whole video or of an interval of it."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import VideoReformatter

from handloom.errors import DataError, printable
from handloom.media.frame import Frame
from handloom.media.limits import USUAL_LIMITS, MediaLimits
from handloom.media.sampling import TICK_TOLERANCE, is_slower, sampled, usual_frame_rate
from handloom.media.timeline import Timeline, check_step, read_timeline
from handloom.media.video_file import VideoFile, colour_space_of, reason_of

# Time stamps with larger units than this are exact; finer ones are rounded to them.
_COARSEST_ROUNDING = 0.01


class ClipReader:
    """Frames of a clip, sampled at `frame_rate` by the frames' own time stamps.

    Sample k shows the newest frame that is not later than k / `frame_rate` seconds after the start. The clip's first
    frame is its second 0. A frame is scaled and turned only if a sample shows it; no more than a few are held.

    Args:
        path: the file.
        largest_side: frames are scaled down to it, pixels.
        frame_rate: samples a second.
        start, end: the labelled stretch in seconds, `end` not included; the whole clip if None.
        accept_slow: take a clip that is slower than `frame_rate`, with frames repeated and a warning.
        limits: what it may cost.

    Attributes:
        warnings: one line each, without the file's name; complete after the last frame.
        decoded: how many frames have been decoded.

    Raises:
        DataError: while iterating: it is no video that can be read, has no frame in the stretch, has time stamps that
            are no clock, is slower than `frame_rate`, or costs more than the limits allow.
    """

    def __init__(
        self,
        path: Path,
        largest_side: int,
        frame_rate: float,
        start: float | None = None,
        end: float | None = None,
        accept_slow: bool = False,
        limits: MediaLimits = USUAL_LIMITS,
    ) -> None:
        self.warnings: list[str] = []
        self.decoded = 0
        self._path = path
        self._name = printable(path.name)
        self._largest_side = largest_side
        self._frame_rate = frame_rate
        self._start = start or 0.0
        self._end = end
        self._accept_slow = accept_slow
        self._limits = limits
        self._broken_after: float | None = None

    def __iter__(self) -> Iterator[Frame]:
        self.warnings, self.decoded, self._broken_after = [], 0, None
        self._check_stretch()
        timeline = read_timeline(self._path, self._start, self._end, self._limits)
        if timeline.broken_at is not None:
            self._broken_after = timeline.seconds(timeline.broken_at)
        self._check_frame_rate(timeline)
        reformatter = VideoReformatter()
        shown: tuple[av.VideoFrame, Frame] | None = None
        samples = 0
        for time, (frame, file) in sampled(self._frames(timeline), self._frame_rate, self._start, self._end):
            if shown is None or shown[0] is not frame:
                shown = frame, self._upright(frame, file, reformatter)
            picture = shown[1]
            samples += 1
            yield Frame(picture.picture, time, picture.width, picture.height, picture.rotation)
        if shown is None:
            raise DataError(f"{self._name}: {self._why_empty(timeline)}")
        self._warn_of_the_end(timeline, samples)

    def _check_stretch(self) -> None:
        start, end = self._start, self._end
        if not (isfinite(start) and start >= 0 and (end is None or (isfinite(end) and end > start))):
            raise DataError(f"{self._name}: no interval from {start:g} s to {end} s; correct its label")

    def _check_frame_rate(self, timeline: Timeline) -> None:
        margin = TICK_TOLERANCE / self._frame_rate
        end = float("inf") if self._end is None else self._end
        if timeline.broken_at is not None:
            end = min(end, timeline.seconds(timeline.broken_at))
        times = [time for time in timeline.times if self._start - margin <= time < end]
        if not is_slower(times, self._frame_rate, min(float(timeline.unit), _COARSEST_ROUNDING)):
            return
        rate = f"{round(usual_frame_rate(times) or 0, 2):g} frames/s, fewer than"
        if not self._accept_slow:
            raise DataError(
                f"{self._name}: {rate} extract_keypoints.target_frame_rate ({self._frame_rate:g}); lower that, or set"
                " extract_keypoints.accept_slow_clips to true"
            )
        self.warnings.append(f"{rate} extract_keypoints.target_frame_rate ({self._frame_rate:g}): frames are repeated")

    def _frames(self, timeline: Timeline) -> Iterator[tuple[float, tuple[av.VideoFrame, VideoFile]]]:
        """(seconds, frame) in order, from the newest before the start or earlier."""
        for seek_to in dict.fromkeys((timeline.seek_to, None)):
            previous: float | None = None
            with VideoFile(self._path, self._limits) as file:
                if seek_to is not None and not file.seek(seek_to):
                    continue
                if timeline.broken_at is not None:
                    file.broken_at = timeline.broken_at
                for stamp, frame in file.frames(from_key_frame=seek_to is not None):
                    self.decoded += 1
                    time = timeline.seconds(stamp)
                    if previous is None and seek_to is not None and time > self._start:
                        break  # the key frame cannot be decoded alone: from the start, then
                    if previous is not None:
                        check_step(self._name, previous, time)
                    previous = time
                    yield time, (frame, file)
                if file.broken_at is not None:
                    self._broken_after = timeline.seconds(file.broken_at)
                    if previous is not None:  # frames are decoded out of order: some before it may be lost
                        self._broken_after = min(self._broken_after, previous + 1 / self._frame_rate)
            if previous is not None:
                return

    def _upright(self, frame: av.VideoFrame, file: VideoFile, reformatter: VideoReformatter) -> Frame:
        """The frame scaled in one step with the change to RGB, then turned."""
        turn = file.turn_of(frame)
        full_width, full_height = max(1, round(frame.width * file.pixel_aspect)), frame.height
        scale = min(1.0, self._largest_side / max(full_width, full_height))
        width, height = max(1, round(full_width * scale)), max(1, round(full_height * scale))
        try:
            rgb: Any = reformatter.reformat(
                frame,
                width=width,
                height=height,
                format="rgb24",
                src_colorspace=colour_space_of(frame),
                interpolation="AREA" if scale < 1 else "BILINEAR",  # area is both truer and faster when scaling down
                threads=1,
            ).to_ndarray()
        except Exception as error:
            raise DataError(f"{self._name}: a frame cannot be converted ({reason_of(error)}); save it as MP4") from None
        if turn.transposed:
            full_width, full_height = full_height, full_width
        return Frame(turn.apply(rgb), 0.0, full_width, full_height, turn.rotation)

    def _why_empty(self, timeline: Timeline) -> str:
        if self._broken_after is not None:
            after = f"broken after {max(self._broken_after, 0.0):.1f} s{_of(timeline.length)}"
            before = f", before the labelled interval, which starts at {self._start:g} s" if self._start else ""
            return f"{after}{before}; copy it again or remove it"
        if self._start:
            last = f"the clip's last frame is at {max(timeline.times, default=0.0):.4g} s"
            return f"the labelled interval starts at {self._start:g} s, but {last}; correct its label"
        return "no frame in it; remove it"

    def _warn_of_the_end(self, timeline: Timeline, samples: int) -> None:
        if self._broken_after is not None:
            if self._end is None or self._broken_after < self._end:
                self.warnings.append(
                    f"broken after {self._broken_after:.1f} s{_of(timeline.length)}: only the part before is used"
                    f" ({samples} frames)"
                )
        elif self._end is not None and self._end > timeline.end + 1 / self._frame_rate:
            self.warnings.append(
                f"the labelled interval ends at {self._end:g} s, after the clip ({timeline.end:.4g} s)"
            )


def _of(length: float | None) -> str:
    return "" if length is None else f" of {length:.1f} s"
