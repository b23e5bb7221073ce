"""How much memory and work a file may cost, checked by what its header says, before anything is decoded."""

from dataclasses import dataclass
from typing import Self

from handloom.config import ExtractKeypoints
from handloom.errors import DataError

# Frames that a decoder of clips holds at once: those that others refer to, and those that wait for their turn.
FRAMES_HELD = 8
# Smaller clips take seconds, whatever their file's size.
SMALL_CLIP = 5  # gigapixels
# Looking for a hand takes as long as decoding this many pixels, however small the frame is.
LOOK = 300_000
LOOKS = 30  # a second
# Codecs of pictures take six times as long a pixel as those of videos (9 ns and 1.5 ns, measured with PyAV 18), and
# cannot save as much: a hand that moves takes a byte for 20 pixels or fewer.
SLOW_CODECS = ("gif", "apng", "png")
SLOWER = 6
LESS_SAVED = 100


@dataclass(frozen=True)
class MediaLimits:
    """The limits of `extract_keypoints`.

    Attributes:
        picture_memory: megabytes that decoding a photo, or the frames of a clip that are held at once, may take.
        clip_pixels: gigapixels, frames x width x height, that may be decoded of a clip.
        pixels_per_byte: pixels a byte of the file that may be decoded of a clip of more than `SMALL_CLIP`.
    """

    picture_memory: float
    clip_pixels: float
    pixels_per_byte: float

    @classmethod
    def of(cls, settings: ExtractKeypoints) -> Self:
        """The limits that a section sets."""
        return cls(settings.picture_memory_limit, settings.clip_pixels_limit, settings.pixels_per_byte_limit)

    def check_memory(self, name: str, width: int, height: int, bytes_per_pixel: float) -> None:
        """Make sure that a picture fits.

        Raises:
            DataError: decoding it takes more memory than allowed.
        """
        needed = width * height * bytes_per_pixel / 1e6
        if needed > self.picture_memory:
            raise DataError(
                f"{name}: {width} x {height} pixels take {needed:.0f} MB to decode, more than"
                f" extract_keypoints.picture_memory_limit ({self.picture_memory:g}); scale it down, or raise that"
            )

    def check_clip(
        self, name: str, frames: int, width: int, height: int, size: int, seconds: float = 0.0, codec: str = ""
    ) -> None:
        """Make sure that a clip, or the stretch of it that is read, is decoded in bearable time.

        Args:
            name: of the file, for the message.
            frames: how many would be decoded.
            width: of a frame, pixels.
            height: of a frame, pixels.
            size: of the file, bytes.
            seconds: how long they last; a frame that is shown for long is looked at often.
            codec: FFmpeg's name of it.

        Raises:
            DataError: it has more pixels than allowed, or more than a file of this size has in earnest.
        """
        gigapixels = frames * width * height / 1e9
        what = f"{name}: {frames} frames of {width} x {height} pixels"
        if gigapixels > self.clip_pixels:
            raise DataError(
                f"{what} are {gigapixels:.4g} gigapixels, more than extract_keypoints.clip_pixels_limit"
                f" ({self.clip_pixels:g}); cut it, scale it down, or raise that"
            )
        slow = codec in SLOW_CODECS
        counted = max(gigapixels, max(frames, seconds * LOOKS) * LOOK / 1e9)
        density, most = counted * 1e9 / max(1, size), self.pixels_per_byte / (LESS_SAVED if slow else 1)
        if counted > SMALL_CLIP / (SLOWER if slow else 1) and density > most:
            shown = f", shown for {seconds:.0f} s," if counted > gigapixels else ""
            raise DataError(
                f"{what}{shown} in {size} bytes are {density:.0f} pixels a byte, more than {most:g}: much work for a"
                " small file; remove it, cut it, or raise extract_keypoints.pixels_per_byte_limit"
                f" ({self.pixels_per_byte:g})"
            )


USUAL_LIMITS = MediaLimits.of(ExtractKeypoints())
