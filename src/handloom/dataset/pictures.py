"""Pictures of examples: the photo, or a frame of the clip, and the joints that were found."""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handloom import keypoint_table
from handloom.config import Kind
from handloom.dataset.examples import Examples
from handloom.errors import DataError, HandloomError, printable
from handloom.hand import Poses, middle_frame
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

    @property
    def from_media(self) -> bool:
        """Whether its joints were found in a picture; of joints out of a table the size is not known."""
        return self.width > 0 and self.height > 0


class Views:
    """What stands for each example: `views(row)`.

    Args:
        table: keypoint table.
        examples: some of its examples, in its order.
        sessions: the table's `session_id`s of these examples; None: all.
    """

    def __init__(self, table: Path, examples: Examples, sessions: Container[int] | None = None) -> None:
        columns = ["session_id", "label", "path", "width", "height"]
        rows = pa.Table.from_batches(list(keypoint_table.batches(table, columns)))
        first = np.unique(rows.column("session_id").to_numpy(), return_index=True)[1]
        self._of: Counter[tuple[str, str]] = Counter()
        self._rows = []
        for row in rows.take(pa.array(first)).to_pylist():
            key = row["path"], row["label"]
            if sessions is None or row["session_id"] in sessions:
                self._rows.append(row | {"number": self._of[key]})
            self._of[key] += 1
        self._examples = examples

    def __call__(self, row: int, frame: int | None = None) -> View:
        """One of its frames; None: the `middle_frame`."""
        about, poses = self._rows[row], self._examples[row].poses
        if frame is None:
            frame = middle_frame(poses)
        name, label = about["path"], about["label"]
        return View(
            name=name,
            label=label,
            number=about["number"],
            of=self._of[name, label],
            frame=frame,
            poses=poses[frame],
            width=about["width"] or 0,
            height=about["height"] or 0,
        )


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
        picture = self.picture(view, DRAWN_LARGER * SIDE)
        if picture is None:
            picture = _plain_ground(view)
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

    def picture(self, view: View, side: int) -> NDArray[np.uint8] | None:
        """RGB ``[height, width, 3]``, `side` pixels at most; None where the file is missing or was changed."""
        clips = self._clips.get((view.name, view.label), []) if view.from_media else []
        if len(clips) == view.of:  # otherwise some could not be read, and which of them this is, is not known
            try:
                return self._decoded(clips[view.number], view.frame, side)
            except (HandloomError, OSError):  # moved, or changed since
                pass
        return None

    def _decoded(self, clip: Clip, frame: int, side: int) -> NDArray[np.uint8]:
        if self._kind == "pose":
            return read_photo(clip.path, side).picture
        frames = ClipReader(clip.path, side, self._frame_rate, clip.start, clip.end, accept_slow=True)
        found = next(islice(iter(frames), frame, None), None)
        if found is None:
            raise DataError(f"{printable(str(clip.path))}: has no frame {frame} any more; it was replaced")
        return found.picture


def _plain_ground(view: View) -> NDArray[np.uint8]:
    width, height = (view.width, view.height) if view.from_media else (3, 4)
    scale = DRAWN_LARGER * SIDE / max(width, height)
    return np.full((max(1, round(height * scale)), max(1, round(width * scale)), 3), GREY, np.uint8)
