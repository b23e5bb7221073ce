"""Contact sheets: what was found in each class, and where no hand was found, at a glance."""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from handloom.extraction.extraction import Extraction
from handloom.extraction.sheet_text import draw_text, font_for, shortened, showable
from handloom.hand import Poses
from handloom.overlay import with_joints
from handloom.sources.clip import Clip
from handloom.support.files import replacing

HANDS_SHEET, NO_HAND_SHEET = "hands.png", "no_hand.png"
# Pictures on one sheet, whatever the number of classes: about a megabyte.
HANDS = 288
NO_HANDS = 96
COLOURS = 256
# Pixels.
WIDTH = 1200
GAP = 4
LINE = 13
HEADING = 26
LARGE, SMALL = 15, 10  # letters
DRAWN_LARGER = 3
BACKGROUND, INK, FAINT = (255, 255, 255), (20, 20, 20), (120, 120, 120)


@dataclass(frozen=True)
class _Example:
    name: str
    label: str
    thumbnail: bytes
    poses: Poses


# A heading, and pictures with the lines under them.
_Block = tuple[str, Sequence[tuple[_Example, Sequence[str]]]]


class _Spread:
    """Some examples of each class, evenly spread over all that came, however many that will be."""

    def __init__(self, limit: int, per_class: int) -> None:
        self._limit, self._per_class = limit, per_class
        self._came: Counter[str] = Counter()
        self._kept: dict[str, list[tuple[int, int, _Example]]] = {}

    def add(self, example: _Example) -> None:
        """Keep an example, and let go of others if that is one too many."""
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
        """What was kept of a class, in the order in which it came."""
        return [example for _, _, example in sorted(self._kept.get(label, []), key=itemgetter(1))]


class ContactSheets:
    """Collects examples while files come in, a bounded number of small pictures, and draws them in the end."""

    def __init__(self, per_class: int = 24) -> None:
        self._files: Counter[str] = Counter()
        self._with_hand: Counter[str] = Counter()
        self._hands = _Spread(HANDS, per_class)
        self._no_hands = _Spread(NO_HANDS, NO_HANDS)

    def add(self, clip: Clip, extraction: Extraction) -> None:
        """Take a file that was read into account."""
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
        blocks = [
            (
                heading.format(label, self._with_hand[label], self._files[label]),
                [(example, [_inside(example)]) for example in shown],
            )
            for label, shown in examples.items()
        ]
        more = len(labels) - len(blocks)
        title = f"and {more} more classes" if more else "" if labels else "no pictures were read"
        return _sheet(title, blocks, columns=12, block_columns=per_row)

    def _no_hand_sheet(self) -> Image.Image:
        number = self._files.total() - self._with_hand.total()
        shown = [example for label in sorted(self._files) for example in self._no_hands.of(label)][:NO_HANDS]
        title = f"no hand found in {number} of {self._files.total()} files"
        title += f"; {len(shown)} of them are here" if len(shown) < number else ""
        return _sheet(title, [("", [(one, [one.label, _inside(one)]) for one in shown])], columns=8, block_columns=8)


def _sheet(title: str, blocks: Sequence[_Block], columns: int, block_columns: int) -> Image.Image:
    """Pictures with captions, in blocks under headings.

    Args:
        title: above all of it; may be empty.
        blocks: headings, which may be empty, and pictures with lines of text.
        columns: pictures across the sheet.
        block_columns: pictures across a block, a divisor of `columns`.
    """
    strips = [_headings([title], WIDTH)] if title else []
    beside, width = columns // block_columns, (WIDTH - GAP) // columns
    for start in range(0, len(blocks), beside):
        group = blocks[start : start + beside]
        short = [(heading, _short(pictures, width - GAP)) for heading, pictures in group]
        if any(heading for heading, _ in group):
            strips.append(_headings([heading for heading, _ in group], width * block_columns))
        for first in range(0, max(len(pictures) for _, pictures in group), block_columns):
            tiles = {
                place * block_columns + number: _tile(example, captions, width - GAP)
                for place, (_, pictures) in enumerate(short)
                for number, (example, captions) in enumerate(pictures[first : first + block_columns])
            }
            strip = Image.new("RGB", (WIDTH, max(tile.height for tile in tiles.values()) + GAP), BACKGROUND)
            for number, tile in tiles.items():
                strip.paste(tile, (GAP + number * width, 0))
            strips.append(strip)
    sheet = Image.new("RGB", (WIDTH, sum(strip.height for strip in strips)), BACKGROUND)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    return sheet


def _short(pictures: Sequence[tuple[_Example, Sequence[str]]], width: int) -> list[tuple[_Example, Sequence[str]]]:
    """With captions that fit, cut so that those of a block can be told apart."""
    lines = [
        shortened([showable(line) for line in lines], SMALL, width)
        for lines in zip(*(captions for _, captions in pictures), strict=True)
    ]
    return [(example, captions) for (example, _), captions in zip(pictures, zip(*lines, strict=True), strict=True)]


def _headings(texts: Sequence[str], width: int) -> Image.Image:
    strip = Image.new("RGB", (WIDTH, HEADING), BACKGROUND)
    for number, text in enumerate(texts):
        (shown,) = shortened([showable(text)], LARGE, width - 2 * GAP)
        draw_text(ImageDraw.Draw(strip), (GAP + number * width, HEADING - 5), shown, LARGE, INK)
    return strip


def _tile(example: _Example, captions: Sequence[str], side: int) -> Image.Image:
    picture = _picture(example, side)
    tile = Image.new("RGB", (side, picture.height + LINE * len(captions)), BACKGROUND)
    tile.paste(picture)
    for number, caption in enumerate(captions, 1):
        draw_text(ImageDraw.Draw(tile), (0, picture.height + LINE * number - 3), caption, SMALL, FAINT)
    return tile


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
    with replacing(path) as beside:
        sheet.quantize(COLOURS).save(beside, optimize=True)
    return path
