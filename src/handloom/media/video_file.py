"""One opened video: its packets and its frames, up to where it is broken; never an error of the library."""

import re
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Discard, Disposition
from av.video.reformatter import Colorspace

from handloom.errors import DataError, first_line, printable
from handloom.media.ending import ends_early
from handloom.media.frame import Turn
from handloom.media.limits import FRAMES_HELD, USUAL_LIMITS, MediaLimits
from handloom.media.readable import beginning_of, kind_of
from handloom.support.closing import Closing

av.logging.set_level(None)  # nothing on stderr

# Containers of real videos. Others are not tried: some name further files or addresses, some are single pictures.
_CONTAINERS = "mov,matroska,webm,avi,gif,apng,mpegts,mpeg,asf,flv,ogg"
_USUAL_BYTES_PER_PIXEL = 1.5  # where a file does not tell the form of its pixels: that of most
_MOST_PIXELS = 2**31 - 1  # FFmpeg takes no larger limit
_UNTOLD_COLOUR_SPACE = 2  # AVCOL_SPC_UNSPECIFIED
# Their frames are drawn over the frames before, so that they can only be decoded from the start.
_NEVER_SOUGHT = ("gif", "apng")


class VideoFile(Closing):
    """The first video in a file. Use it with `with`.

    Attributes:
        name: of the file, fit for an error's line.
        unit: seconds of one step of the time stamps, which are integers.
        pixel_aspect: width of a pixel over its height.
        length: seconds that the video says to last; None if it does not say so.
        broken_at: after reading, the time stamp from which nothing is to be trusted; None if all was read well.

    Raises:
        DataError: the file cannot be read, is no video, or has none that can be decoded within the limits.
    """

    def __init__(self, path: Path, limits: MediaLimits = USUAL_LIMITS) -> None:
        kind = kind_of(beginning_of(path))
        self.name = printable(path.name)
        self._path, self._limits, self._size = path, limits, path.stat().st_size
        if kind == "a picture":
            raise DataError(f"{self.name}: it is a picture, not a video; hand actions are learned from videos")
        try:
            self._container = av.open(f"file:{path}", options={"format_whitelist": _CONTAINERS})
        except Exception as error:
            what = f"it is {kind}" if kind not in ("a video", "a GIF", "") else reason_of(error)
            raise DataError(f"{self.name}: not a readable video ({what}); copy it again or remove it") from None
        self.broken_at: int | None = None
        self._turn: Turn | None = None
        self._larger = 0  # frames that were larger than the first
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        moving = [stream for stream in self._container.streams.video if not _is_cover(stream)]
        if not moving and not self._container.streams.audio:
            raise DataError(f"{self.name}: not a readable video (its index is cut off); copy it again or remove it")
        if not moving:
            raise DataError(f"{self.name}: no video in it; remove it")
        self.stream = moving[0]
        if self.stream.codec_context is None or not self.stream.time_base:
            raise DataError(f"{self.name}: a video of an unknown kind; save it as MP4 (H.264) or remove it")
        for stream in self._container.streams:
            if stream is not self.stream:
                stream.discard = Discard.all  # not even read, where the container allows it
        self.stream.thread_type = "NONE"  # the workers are processes
        self.stream.codec_context.thread_count = 1
        self._limit_memory()
        self.unit = Fraction(self.stream.time_base)
        format_names = self._container.format.name.split(",")
        aspect = self.stream.sample_aspect_ratio
        self.pixel_aspect = float(aspect) if aspect and 0.25 <= aspect <= 4 else 1.0  # others are not credible
        self.length = self._length("avi" in format_names)
        # AVI has no time stamps of its own; for these codecs FFmpeg cannot tell the order of showing in advance.
        self._stamped_in_decoding_order = (
            "avi" in format_names
            and self.stream.codec_context.name in ("h264", "hevc")
            and bool(self.stream.codec_context.has_b_frames)
        )
        self.can_seek = not self._stamped_in_decoding_order and not set(format_names) & set(_NEVER_SOUGHT)

    def _limit_memory(self) -> None:
        context = self.stream.codec_context
        form = context.format
        one = form.padded_bits_per_pixel / 8 if form is not None else _USUAL_BYTES_PER_PIXEL
        bytes_per_pixel = FRAMES_HELD * max(one, 1.0)
        self._limits.check_memory(self.name, context.width, context.height, bytes_per_pixel)
        self._pixels = context.width * context.height
        # Frames may also become larger on the way.
        most = int(self._limits.picture_memory * 1e6 / bytes_per_pixel)
        context.options = {"max_pixels": str(min(max(1, most), _MOST_PIXELS))}

    @property
    def ends_early(self) -> bool:
        """Whether the end of the file is missing, as far as the container tells."""
        return ends_early(self._path, set(self._container.format.name.split(",")))

    def check_cost(self, frames: int, seconds: float) -> None:
        """Make sure that so many of its frames, which last so long, may be decoded.

        Raises:
            DataError: see `MediaLimits.check_clip`.
        """
        context = self.stream.codec_context
        size = context.width, context.height
        self._limits.check_clip(self.name, frames, *size, self._size, seconds, context.name)

    def _check_larger(self, frame: av.VideoFrame) -> None:
        """The same of frames that become larger on the way, as far as they came."""
        self._larger += 1
        codec = self.stream.codec_context.name
        self._limits.check_clip(self.name, self._larger, frame.width, frame.height, self._size, codec=codec)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _length(self, is_avi: bool) -> float | None:
        if self.stream.duration and self.stream.duration > 0:
            length = float(self.stream.duration * self.unit)
            if is_avi and self.stream.average_rate:  # FFmpeg shortens it to what is there; the header counts frames
                length = max(length, float(self.stream.frames / self.stream.average_rate))
            return length
        if match := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", self.stream.metadata.get("DURATION", "")):  # Matroska
            return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
        only = len(self._container.streams) == 1  # with sound it may be the sound's
        if only and self._container.duration and self._container.duration > 0:
            return float(self._container.duration / av.time_base)
        return None

    def seek(self, stamp: int) -> bool:
        """Go to a key frame before a time stamp; false if that is not possible."""
        if not self.can_seek:
            return False
        try:
            self._container.seek(stamp, stream=self.stream, backward=True)
        except Exception:
            return False
        return True

    def turn_of(self, frame: av.VideoFrame) -> Turn:
        """What makes a frame upright: the same for the whole video, read from the frame that comes first."""
        if self._turn is None:
            # Only once: a frame that was asked for it holds itself, and so its memory, until the garbage is collected.
            # Asked by its key: iterating gives values before PyAV 19, and keys since.
            matrix: Any = frame.side_data.get("DISPLAYMATRIX")
            self._turn = Turn.of(bytes(matrix)) if matrix is not None and matrix.buffer_size >= 36 else Turn()
        return self._turn

    def stamp_of(self, packet: Any) -> int:
        """A packet's time stamp: of showing, or of decoding where there is no other.

        Raises:
            DataError: it has none.
        """
        stamps = (packet.dts, packet.pts) if self._stamped_in_decoding_order else (packet.pts, packet.dts)
        for stamp in stamps:
            if stamp is not None:
                return int(stamp)
        raise DataError(f"{self.name}: frames without time stamps; convert it to MP4 or remove it")

    def _break(self, stamp: int) -> None:
        self.broken_at = stamp if self.broken_at is None else min(stamp, self.broken_at)

    def packets(self, from_key_frame: bool = False) -> Iterator[Any]:
        """The packets from here (or the next key frame) to the end, or to a broken one; then `broken_at` is set."""
        packets = self._container.demux(self.stream)
        reached = self.stream.start_time or 0
        while True:
            try:
                packet = next(packets, None)
            except Exception:  # the container that is broken in the middle
                self._break(reached)
                return
            if packet is None:
                return
            if packet.size == 0:  # the library's own sign of the end, or "as before" in an AVI
                continue
            if from_key_frame and not packet.is_keyframe:
                continue
            from_key_frame = False
            if packet.is_corrupt:  # cut off
                self._break(self.stamp_of(packet))
                return
            if packet.dts is not None:
                reached = int(packet.dts) + 1
            yield packet

    def frames(self, from_key_frame: bool) -> Iterator[tuple[int, av.VideoFrame]]:
        """(time stamp, frame) in the order of showing, from here to the end or to where it is broken.

        Args:
            from_key_frame: leave out what comes before the first key frame: after a seek it cannot be whole.
        """
        in_decoding_order: deque[int] = deque()
        waiting = from_key_frame
        for frame in self._decoded(in_decoding_order, from_key_frame):
            waiting = waiting and not frame.key_frame
            if waiting:
                continue
            stamp = in_decoding_order.popleft() if self._stamped_in_decoding_order and in_decoding_order else frame.pts
            if stamp is None:
                stamp = frame.dts
            if stamp is None:
                raise DataError(f"{self.name}: frames without time stamps; convert it to MP4 or remove it")
            if frame.width * frame.height > self._pixels:
                self._check_larger(frame)
            if frame.is_corrupt:
                self._break(stamp)
            if self.broken_at is not None and stamp >= self.broken_at:
                return
            yield stamp, frame

    def _decoded(self, stamps: deque[int], from_key_frame: bool) -> Iterator[av.VideoFrame]:
        stamp = 0
        for packet in self.packets(from_key_frame):
            stamp = self.stamp_of(packet)
            stamps.append(stamp)
            try:
                frames = packet.decode()
            except Exception:
                self._break(stamp)
                break
            yield from frames
        try:
            frames = self.stream.codec_context.decode(None)  # those that the decoder still holds
        except Exception:
            self._break(stamp)
            return
        yield from frames


def colour_space_of(frame: av.VideoFrame) -> int | None:
    """The colours to assume for a frame that does not tell: those of players, BT.709 in high definition."""
    untold = frame.colorspace == _UNTOLD_COLOUR_SPACE and not frame.format.is_rgb
    return int(Colorspace.ITU709) if untold and max(frame.width, frame.height) >= 1280 else None


def _is_cover(stream: Any) -> bool:
    """True for a picture that is attached to sound, and for thumbnails."""
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def reason_of(error: Exception) -> str:
    """What the library says, in one line, without the path."""
    return printable(getattr(error, "strerror", None) or first_line(error))
