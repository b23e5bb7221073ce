"""The display times of the frames of an interval of a clip: known from its packets, before anything is decoded."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from math import floor
from pathlib import Path
from statistics import median
from typing import Any

from handloom.errors import DataError
from handloom.media.limits import USUAL_LIMITS, MediaLimits
from handloom.media.video_file import VideoFile

# A longer time between two frames is no video but a broken clock.
LONGEST_GAP = 10.0
# Decoders reorder frames by no more than this many packets: the first frame shown is among them.
_MOST_REORDERED = 32
# A key frame is looked for this many seconds before the start, one after the other.
_STEPS_BACK = (0.0, 2.0, 10.0)
# A clip may end this many frame intervals, and these seconds, before the length that it says to have.
_END_TOLERANCE_FRAMES = 3
_END_TOLERANCE = 0.1


@dataclass(frozen=True)
class Timeline:
    """The time stamps of an interval.

    Attributes:
        first: time stamp of the clip's first frame: its second 0.
        unit: seconds of one step of the time stamps.
        times: of the frames from the key frame before the stretch to its end, rising, seconds.
        end: when the last of them ends, seconds.
        length: seconds that the clip says to last, or None.
        seek_to: time stamp to seek to; None to decode from the start.
        broken_at: time stamp from which the clip is broken; None if it is not, as far as it was looked at.
    """

    first: int
    unit: Fraction
    times: list[float]
    end: float
    length: float | None
    seek_to: int | None
    broken_at: int | None

    def seconds(self, stamp: int) -> float:
        """The time of a time stamp."""
        return float((stamp - self.first) * self.unit)


def read_timeline(path: Path, start: float, end: float | None, limits: MediaLimits = USUAL_LIMITS) -> Timeline:
    """Read the packets from the key frame before `start` to `end` (seconds; to the last if None); nothing is decoded.

    Raises:
        DataError: the file cannot be read, has no frame, time stamps that are no clock, or costs more than the limits
            allow.
    """
    if start > 0:
        timeline = _read_from_key_frame(path, start, end, limits)
        if timeline is not None:
            return timeline
    with VideoFile(path, limits) as file:
        timeline = _read(file, end)
        if timeline is None:
            what = "no frame in it" if file.broken_at is None else "broken at its beginning"
            raise DataError(f"{file.name}: {what}; copy it again or remove it")
        return timeline


def _read_from_key_frame(path: Path, start: float, end: float | None, limits: MediaLimits) -> Timeline | None:
    """The timeline from a key frame before `start`; None if there is none to seek to."""
    with VideoFile(path, limits) as file:
        stamps = [file.stamp_of(packet) for packet in islice(file.packets(), _MOST_REORDERED) if not packet.is_discard]
        if not stamps or not file.can_seek:
            return None
        first = min(stamps)
    for back in _STEPS_BACK:
        if start <= back:
            break
        with VideoFile(path, limits) as file:
            target = first + floor(Fraction(start) / file.unit)
            seek_to = target - floor(Fraction(back) / file.unit)
            if file.seek(seek_to):
                timeline = _read(file, end, first, seek_to, target)
                if timeline is not None:
                    return timeline
    return None


@dataclass
class _Packets:
    """What the packets of a stretch tell.

    Attributes:
        first: time stamp of the clip's first frame.
        stamps: of the frames that are shown.
        until: time stamp at which the last of them ends.
        decoding: time stamp of decoding of the last packet.
        complete: whether they go to the end of the clip.
    """

    first: int | None
    stamps: set[int] = field(default_factory=set)
    until: int = 0
    decoding: int = 0
    complete: bool = True
    earliest: int = 0

    def add(self, packet: Any, stamp: int) -> None:
        """Take a packet into account whose frame is shown."""
        new = not self.stamps
        self.stamps.add(stamp)
        if len(self.stamps) <= _MOST_REORDERED:
            self.earliest = stamp if new else min(stamp, self.earliest)
        shown_until = stamp + (packet.duration or 1)
        self.until = shown_until if new else max(self.until, shown_until)
        self.decoding = packet.dts if packet.dts is not None else stamp

    @property
    def start(self) -> int:
        """Time stamp of the clip's second 0, as far as it is known."""
        return self.earliest if self.first is None else self.first


def _read(
    file: VideoFile,
    end: float | None,
    first: int | None = None,
    seek_to: int | None = None,
    target: int | None = None,
) -> Timeline | None:
    """The timeline from here on; None if there is no frame, or none at or before the target.

    `first` is the time stamp of the clip's first frame, if it is not to be found from here.
    """
    seen = _Packets(first)
    for packet in file.packets(from_key_frame=seek_to is not None):
        stamp = file.stamp_of(packet)
        if not seen.stamps and target is not None and stamp > target:
            return None
        if packet.is_discard:  # cut off the clip by its edit list, needed to decode the others only
            continue
        seen.add(packet, stamp)
        if end is not None and (seen.decoding - seen.start) * file.unit > end + _END_TOLERANCE:
            seen.complete = False
            break
    if not seen.stamps:
        return None
    times = [float((stamp - seen.start) * file.unit) for stamp in sorted(seen.stamps) if stamp >= seen.start]
    for before, after in pairwise(times):
        check_step(file.name, before, after)
    file.check_cost(len(times), times[-1] - times[0] if times else 0.0)
    seconds = float((seen.until - seen.start) * file.unit)
    broken_at, length = _broken_at(file, seen, times, seconds)
    return Timeline(seen.start, file.unit, times, seconds, length, seek_to, broken_at)


def _broken_at(file: VideoFile, seen: _Packets, times: list[float], seconds: float) -> tuple[int | None, float | None]:
    """From which time stamp the clip is broken, and the length that it says to have."""
    if not seen.complete or file.broken_at is not None:
        return file.broken_at, file.length
    if file.length is not None:
        usual = median(after - before for before, after in pairwise(times)) if times[1:] else 0.0
        offset = max(0.0, float(seen.start * file.unit))  # some containers count the length from 0, some from the first
        if seconds + offset < file.length - max(_END_TOLERANCE, _END_TOLERANCE_FRAMES * usual):
            return seen.decoding + 1, file.length  # frames shown later may lack those before them
    if file.ends_early:
        # The last frame itself may lack its end; the length would be that of what is left.
        return (seen.decoding if times[1:] else seen.decoding + 1), None
    return None, file.length


def check_step(name: str, before: float, after: float) -> None:
    """Make sure that a frame's time can follow another one's, both in seconds.

    Raises:
        DataError: it is earlier, or too much later.
    """
    if after < before:
        raise DataError(f"{name}: time stamps go back from {before:.6g} s to {after:.6g} s; re-encode it")
    if after - before > LONGEST_GAP:
        raise DataError(f"{name}: time stamps jump from {before:.6g} s to {after:.6g} s; re-encode it or cut it")
