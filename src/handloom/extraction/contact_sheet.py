"""Contact sheets: the hands found in each class, and pictures without a hand."""

import heapq
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from handloom.extraction.extraction import Extraction
from handloom.hand import Poses
from handloom.pictures.overlay import with_joints
from handloom.pictures.sheet import FAINT, SMALL, Block, Tile, contact_sheet, tile_width
from handloom.pictures.text import font_for
from handloom.sources.clip import Clip
from handloom.support.files import replacing

HANDS_SHEET, NO_HAND_SHEET = "hands.png", "no_hand.png"
# Pictures on one sheet, whatever the number of classes: about a megabyte.
HANDS = 288
NO_HANDS = 96
COLOURS = 256
WIDTH = 1200  # pixels
DRAWN_LARGER = 3


@dataclass(frozen=True)
class _Example:
    name: str
    label: str
    thumbnail: bytes
    poses: Poses


class _Spread:
    """Some examples of each class, evenly spread over all that came, however many that will be."""

    def __init__(self, limit: int, per_class: int) -> None:
        self._limit, self._per_class = limit, per_class
        self._came: Counter[str] = Counter()
        self._kept: dict[str, list[tuple[int, int, _Example]]] = {}

    def add(self, example: _Example) -> None:
        """Keep an example, and drop others if there are too many."""
        label = example.label
        new = label not in self._kept
        kept = self._kept.setdefault(label, [])
        # With the bits of its number turned round, the examples of lowest rank are the evenly spread ones.
        rank = int(f"{self._came[label]:064b}"[::-1], 2)
        heapq.heappush(kept, (-rank, self._came[label], example))
        self._came[label] += 1
        limit = max(1, min(self._per_class, self._limit // len(self._kept)))
        for examples in self._kept.values() if new else [kept]:
            while len(examples) > limit:
                heapq.heappop(examples)

    def of(self, label: str) -> list[_Example]:
        """The kept examples of a class, in order."""
        return [example for _, _, example in sorted(self._kept.get(label, []), key=itemgetter(1))]


class ContactSheets:
    """Collects examples while files come in, a bounded number of small pictures, and draws them in the end."""

    def __init__(self, per_class: int = 24) -> None:
        self._files: Counter[str] = Counter()
        self._with_hand: Counter[str] = Counter()
        self._hands = _Spread(HANDS, per_class)
        self._no_hands = _Spread(NO_HANDS, NO_HANDS)

    def add(self, clip: Clip, extraction: Extraction) -> None:
        """Add a file that was read."""
        found = extraction.hands > 0
        poses = extraction.frames["keypoints"][extraction.thumbnail_frame].copy()  # without all the other frames
        example = _Example(clip.name, clip.label, extraction.thumbnail, poses)
        self._files[clip.label] += 1
        self._with_hand[clip.label] += found
        (self._hands if found else self._no_hands).add(example)

    def write(self, folder: Path) -> list[Path]:
        """Write ``hands.png``, a block a class with the joints drawn, and ``no_hand.png``; both always.

        Letters that no font of this computer has are written as their numbers.
        """
        return [
            _save(self._hands_sheet(), folder / HANDS_SHEET),
            _save(self._no_hand_sheet(), folder / NO_HAND_SHEET),
        ]

    def _hands_sheet(self) -> Image.Image:
        labels = sorted(self._files)
        examples = {label: self._hands.of(label) for label in labels[:HANDS]}
        largest = max(map(len, examples.values()), default=0)
        per_row = next(number for number in (1, 2, 3, 4, 6, 12) if number >= min(largest, 12))
        heading = "{}    hand in {} of {} files" if per_row > 3 else "{}    {}/{}"
        side = tile_width(WIDTH, 12)
        blocks = [
            Block(
                heading.format(label, self._with_hand[label], self._files[label]),
                [Tile(_picture(example, side), [_inside(example)]) for example in shown],
            )
            for label, shown in examples.items()
        ]
        more = len(labels) - len(blocks)
        title = f"and {more} more classes" if more else "" if labels else "no pictures were read"
        return contact_sheet(title, blocks, WIDTH, columns=12, block_columns=per_row)

    def _no_hand_sheet(self) -> Image.Image:
        number = self._files.total() - self._with_hand.total()
        shown = [example for label in sorted(self._files) for example in self._no_hands.of(label)][:NO_HANDS]
        title = f"no hand found in {number} of {self._files.total()} files"
        title += f"; {len(shown)} of them are here" if len(shown) < number else ""
        side = tile_width(WIDTH, 8)
        tiles = [Tile(_picture(one, side), [one.label, _inside(one)]) for one in shown]
        return contact_sheet(title, [Block("", tiles)], WIDTH, columns=8, block_columns=8)


def _picture(example: _Example, side: int) -> Image.Image:
    try:
        picture = Image.open(BytesIO(example.thumbnail), formats=["JPEG"]).convert("RGB")
    except Exception:  # Pillow raises many kinds; a sheet is no reason to stop
        picture = Image.new("RGB", (side, side // 2), (225, 225, 225))
        text = "no picture"
        ImageDraw.Draw(picture).text((side // 2, side // 4), text, FAINT, font_for(text, SMALL), anchor="mm")
        return picture
    # Drawn large and made small: at their own size joints would hide a small hand.
    large = ImageOps.contain(picture, (DRAWN_LARGER * side, DRAWN_LARGER * side))
    return Image.fromarray(with_joints(np.asarray(large), example.poses)).reduce(DRAWN_LARGER)


def _inside(example: _Example) -> str:
    """The name inside the folder of its class."""
    return example.name.removeprefix(f"{example.label}/")


def _save(sheet: Image.Image, path: Path) -> Path:
    with replacing(path) as temporary:
        sheet.quantize(COLOURS).save(temporary, optimize=True)
    return path
