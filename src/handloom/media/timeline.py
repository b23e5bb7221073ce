"""When the frames of a stretch of a clip are shown: known from its packets, before anything is decoded."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from math import floor
from pathlib import Path
from statistics import median

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
    """The time stamps of a stretch.

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
            raise DataError(f"{file.name}: {what}; copy it again or take it out")
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
    stamps: set[int] = set()
    earliest: int | None = None
    until: int | None = None
    decoding = 0
    complete = True
    for packet in file.packets(from_key_frame=seek_to is not None):
        stamp = file.stamp_of(packet)
        if not stamps and target is not None and stamp > target:
            return None
        if packet.is_discard:  # cut off the clip by its edit list, needed to decode the others only
            continue
        stamps.add(stamp)
        if first is None and len(stamps) <= _MOST_REORDERED:
            earliest = stamp if earliest is None else min(stamp, earliest)
        shown_until = stamp + (packet.duration or 1)
        until = shown_until if until is None else max(until, shown_until)
        decoding = packet.dts if packet.dts is not None else stamp
        since = first if first is not None else earliest or 0
        if end is not None and (decoding - since) * file.unit > end + _END_TOLERANCE:
            complete = False
            break
    if until is None:
        return None
    if first is None:
        first = earliest or 0
    times = [float((stamp - first) * file.unit) for stamp in sorted(stamps) if stamp >= first]
    for before, after in pairwise(times):
        check_step(file.name, before, after)
    file.check_cost(len(times), times[-1] - times[0] if times else 0.0)
    broken_at = file.broken_at
    seconds = float((until - first) * file.unit)
    if complete and broken_at is None and file.length is not None:
        usual = median(after - before for before, after in pairwise(times)) if times[1:] else 0.0
        offset = max(0.0, float(first * file.unit))  # some containers count the length from 0, some from the first
        if seconds + offset < file.length - max(_END_TOLERANCE, _END_TOLERANCE_FRAMES * usual):
            broken_at = decoding + 1  # frames shown later may lack those before them
    length = file.length
    if complete and broken_at is None and file.ends_early:
        broken_at = decoding if times[1:] else decoding + 1  # the last frame itself may lack its end
        length = None  # that of what is left
    return Timeline(first, file.unit, times, seconds, length, seek_to, broken_at)


def check_step(name: str, before: float, after: float) -> None:
    """Make sure that a frame's time can follow another one's, both in seconds.

    Raises:
        DataError: it is earlier, or too much later.
    """
    if after < before:
        raise DataError(f"{name}: time stamps go back from {before:.6g} s to {after:.6g} s; convert it anew")
    if after - before > LONGEST_GAP:
        raise DataError(f"{name}: time stamps jump from {before:.6g} s to {after:.6g} s; convert it anew or cut it")
