"""A contact sheet: small pictures with lines of text under them, in blocks under headings."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from handloom.pictures.text import draw_text, shortened, showable

# Pixels.
GAP = 4
LINE = 13
HEADING = 26
LARGE, SMALL = 15, 10  # letters
BACKGROUND, INK, FAINT = (255, 255, 255), (20, 20, 20), (120, 120, 120)


@dataclass(frozen=True)
class Tile:
    """A picture, no wider than `tile_width` of its sheet, and as many lines of text as the others of its block."""

    picture: Image.Image
    captions: Sequence[str] = ()


@dataclass(frozen=True)
class Block:
    """Pictures under a heading, which may be empty."""

    heading: str
    tiles: Sequence[Tile]


def tile_width(width: int, columns: int) -> int:
    """How wide a picture may be, pixels."""
    return (width - GAP) // columns - GAP


def contact_sheet(title: str, blocks: Sequence[Block], width: int, columns: int, block_columns: int) -> Image.Image:
    """Draw the pictures; texts are cut so that those of a block can be told apart.

    Letters that no font of this computer has are written as their numbers.

    Args:
        title: above all of it; may be empty.
        blocks: what to draw.
        width: of the sheet, pixels.
        columns: pictures across the sheet.
        block_columns: pictures across a block, a divisor of `columns`.
    """
    strips = [_headings([title], width, width)] if title else []
    across, step = columns // block_columns, (width - GAP) // columns
    for start in range(0, len(blocks), across):
        group = blocks[start : start + across]
        captions = [_short(block.tiles, step - GAP) for block in group]
        if any(block.heading for block in group):
            strips.append(_headings([block.heading for block in group], width, step * block_columns))
        for first in range(0, max(len(block.tiles) for block in group), block_columns):
            row = slice(first, first + block_columns)
            tiles = {
                place * block_columns + number: _with_captions(tile.picture, lines, step - GAP)
                for place, block in enumerate(group)
                for number, (tile, lines) in enumerate(zip(block.tiles[row], captions[place][row], strict=True))
            }
            strip = Image.new("RGB", (width, max(tile.height for tile in tiles.values()) + GAP), BACKGROUND)
            for number, tile in tiles.items():
                strip.paste(tile, (GAP + number * step, 0))
            strips.append(strip)
    sheet = Image.new("RGB", (width, sum(strip.height for strip in strips)), BACKGROUND)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    return sheet


def _short(tiles: Sequence[Tile], width: int) -> list[Sequence[str]]:
    """Captions that fit."""
    lines = [
        shortened([showable(line) for line in lines], SMALL, width)
        for lines in zip(*(tile.captions for tile in tiles), strict=True)
    ]
    return list(zip(*lines, strict=True)) or [()] * len(tiles)


def _headings(texts: Sequence[str], width: int, room: int) -> Image.Image:
    strip = Image.new("RGB", (width, HEADING), BACKGROUND)
    for number, text in enumerate(texts):
        (shown,) = shortened([showable(text)], LARGE, room - 2 * GAP)
        draw_text(ImageDraw.Draw(strip), (GAP + number * room, HEADING - 5), shown, LARGE, INK)
    return strip


def _with_captions(picture: Image.Image, captions: Sequence[str], width: int) -> Image.Image:
    tile = Image.new("RGB", (width, picture.height + LINE * len(captions)), BACKGROUND)
    tile.paste(picture)
    for number, caption in enumerate(captions, 1):
        draw_text(ImageDraw.Draw(tile), (0, picture.height + LINE * number - 3), caption, SMALL, FAINT)
    return tile
