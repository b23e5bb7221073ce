"""From a camera's frames to the model's rate, live: the rules "Frame clock" of HandloomKit's RULES.md.

`handloom.media.sampling` states the same rule for clips; there a tick can wait for the next frame, here it cannot.
"""

from typing import NamedTuple

from handloom.media.sampling import TICK_TOLERANCE

LONGEST_GAP = 1.0  # seconds


class Arrival(NamedTuple):
    """What becomes of a frame.

    Attributes:
        restarted: it starts a new stream, since the time went back or there was a long gap.
        previous_ticks: so many ticks get the frame before it.
        taken: it gets a tick itself, after those.
    """

    restarted: bool
    previous_ticks: int
    taken: bool


class FrameClock:
    """Says which frames get the ticks of the model's rate.

    Args:
        frame_rate: ticks a second.
        longest_gap: seconds without a frame after which a new stream starts.

    Attributes:
        ticks: how many of the stream have been given away.
        since: seconds from the stream's first frame to the newest one.
    """

    def __init__(self, frame_rate: float, longest_gap: float = LONGEST_GAP) -> None:
        self.frame_rate, self.longest_gap = frame_rate, longest_gap
        self.ticks, self.since = 0, 0.0
        self._tolerance = TICK_TOLERANCE / frame_rate
        self._start: float | None = None
        self._latest = 0.0

    def arrive(self, time: float) -> Arrival:
        """Take the time of the next frame, in seconds."""
        if self._start is None or not 0 <= time - self._latest <= self.longest_gap:
            restarted = self._start is not None
            self._start, self._latest, self.ticks, self.since = time, time, 1, 0.0
            return Arrival(restarted, 0, True)
        self._latest, self.since = time, time - self._start
        previous = 0
        while self.ticks / self.frame_rate + self._tolerance < self.since:
            previous, self.ticks = previous + 1, self.ticks + 1
        taken = self.ticks / self.frame_rate <= self.since + self._tolerance
        self.ticks += taken
        return Arrival(False, previous, taken)
