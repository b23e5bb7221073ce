"""Small pictures of examples for the page: the photo, or a frame of the clip, with the joints that were found."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handloom.config import Kind
from handloom.errors import HandloomError
from handloom.hand import Poses
from handloom.media.clips import ClipReader
from handloom.media.photos import read_photo
from handloom.pictures.overlay import with_joints
from handloom.sources import Clip

SIDE = 220  # pixels of the larger side
DRAWN_LARGER = 2  # joints drawn at their final size would hide a small hand
GREY = 96  # of the ground where there is no photo


@dataclass(frozen=True)
class View:
    """What stands for an example.

    Attributes:
        name: its file's path inside its source.
        label: its class.
        number: which of the examples of this file and class it is, from 0.
        of: how many of them the keypoint table has.
        frame: which of its frames is shown.
        poses: ``[3, 21]``, the joints of that frame; zeros where no hand was found.
        width, height: of the picture, pixels; 0 where they are not known.
    """

    name: str
    label: str
    number: int
    of: int
    frame: int
    poses: Poses
    width: int
    height: int


class Pictures:
    """The photos and clips of a source, to be shown.

    Args:
        clips: gives all of them; it is called when the first is needed, since listing a source may take seconds.
        kind: "pose" shows photos, "action" frames of clips.
        frame_rate: frames/s at which clips were read.
    """

    def __init__(self, clips: Callable[[], Iterable[Clip]], kind: Kind, frame_rate: float) -> None:
        self._listed, self._kind, self._frame_rate = clips, kind, frame_rate

    def data_uri(self, view: View) -> str:
        """A JPEG as the address of a picture within a page.

        Where the file is missing or changed, the joints stand on a plain ground.
        """
        picture = self._picture(view)
        large = ImageOps.contain(Image.fromarray(picture), (DRAWN_LARGER * SIDE, DRAWN_LARGER * SIDE))
        small = Image.fromarray(with_joints(np.asarray(large), view.poses)).reduce(DRAWN_LARGER)
        content = BytesIO()
        small.save(content, "JPEG", quality=75)
        return f"data:image/jpeg;base64,{b64encode(content.getvalue()).decode()}"

    @cached_property
    def _clips(self) -> dict[tuple[str, str], list[Clip]]:
        found: dict[tuple[str, str], list[Clip]] = defaultdict(list)
        for clip in self._listed():
            found[clip.name, clip.label].append(clip)
        return found

    def _picture(self, view: View) -> NDArray[np.uint8]:
        from_media = view.width > 0 and view.height > 0  # of joints out of a table the size is not known
        clips = self._clips.get((view.name, view.label), []) if from_media else []
        if len(clips) == view.of:  # otherwise some could not be read, and which of them this is, is not known
            try:
                return self._decoded(clips[view.number], view.frame)
            except (HandloomError, OSError):  # moved, or changed since
                pass
        width, height = (view.width, view.height) if from_media else (3, 4)
        scale = DRAWN_LARGER * SIDE / max(width, height)
        return np.full((max(1, round(height * scale)), max(1, round(width * scale)), 3), GREY, np.uint8)

    def _decoded(self, clip: Clip, frame: int) -> NDArray[np.uint8]:
        side = DRAWN_LARGER * SIDE
        if self._kind == "pose":
            return read_photo(clip.path, side).picture
        frames = ClipReader(clip.path, side, self._frame_rate, clip.start, clip.end, accept_slow=True)
        return next(islice(iter(frames), frame, None)).picture
