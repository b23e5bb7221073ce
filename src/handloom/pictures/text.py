"""Texts of contact sheets: in the letters that they are written in, and short enough but still told apart."""

import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageDraw, ImageFont, features

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
ELLIPSIS = "..."
# Shares of what is left of a long name that stand before the ellipsis; the first that keeps names apart is taken.
_BEGINNINGS = (0.35, 0.0, 0.65)


def draw_text(
    drawing: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, colour: tuple[int, int, int]
) -> None:
    """Write a line with its lower left corner at a place, in a font that has its letters.

    A line that begins with Arabic or Hebrew letters keeps its parts in their order, from left to right.
    """
    direction = "ltr" if features.check("raqm") else None  # without the library letters stay in the text's order
    drawing.text(place, text, colour, font_for(text, size), anchor="ls", direction=direction)


def showable(text: str) -> str:
    """A text with control characters and letters that no font here has written as their numbers."""
    plain = unicodedata.normalize("NFC", text)
    if font_file(plain) is not None:
        return "".join(one if one.isprintable() else _escaped(one) for one in plain)
    known = _letters_of(_bundled())
    return "".join(
        one if one.isprintable() and (one.isascii() or ord(one) in known) else _escaped(one) for one in plain
    )


def font_for(text: str, size: int) -> Font:
    """A font of a size in pixels for a text that is `showable`: Pillow's own for plain letters."""
    file = font_file(text)
    return _font(file or _bundled(), size)


def shortened(names: Sequence[str], size: int, width: int) -> list[str]:
    """Names that are `showable`, cut to a width in pixels; different names stay different where that is possible."""
    different = len(set(names))
    best = [_cut(name, _BEGINNINGS[0], size, width) for name in names]
    for beginning in _BEGINNINGS[1:]:
        if len(set(best)) == different:
            return best
        best = max(best, [_cut(name, beginning, size, width) for name in names], key=lambda some: len(set(some)))
    if len(set(best)) < different:  # they differ in their middle
        before = _common(names)
        after = _common([name[before:][::-1] for name in names])
        inner = [f"{ELLIPSIS}{name[before : len(name) - after]}{ELLIPSIS}" for name in names]
        best = max(best, [_cut(name, 0.5, size, width) for name in inner], key=lambda some: len(set(some)))
    return best


def _common(names: Sequence[str]) -> int:
    """How many letters at their beginning all names have in common."""
    return next((number for number, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), 0)


def _cut(name: str, beginning: float, size: int, width: int) -> str:
    """A name without its middle, of which this share stands before the ellipsis."""
    font = font_for(name, size)
    text, kept = name, len(name)
    while font.getlength(text) > width and kept:
        kept -= 1
        before = round(beginning * kept)
        text = f"{name[:before]}{ELLIPSIS}{name[len(name) - (kept - before) :]}"
    return text


def _escaped(letter: str) -> str:
    return letter.encode("ascii", "backslashreplace").decode() if not letter.isascii() else f"\\x{ord(letter):02x}"


@cache
def font_file(text: str) -> str | None:
    """The file of a font that has all letters; empty for Pillow's own, None where no font has."""
    letters = {ord(letter) for letter in text if letter.isprintable()}
    if all(letter < 128 for letter in letters):
        return ""
    files = [_bundled(), *_installed()] if not letters <= _letters_of(_bundled()) else [_bundled()]
    return next((file for file in files if file and letters <= _letters_of(file)), None)


@cache
def _font(file: str, size: int) -> Font:
    return ImageFont.truetype(file, size) if file else ImageFont.load_default(size)


@cache
def _bundled() -> str:
    """DejaVu Sans, which comes with Matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic and more."""
    package = find_spec("matplotlib")
    file = Path(package.origin or "").parent / "mpl-data/fonts/ttf/DejaVuSans.ttf" if package else None
    return str(file) if file and file.is_file() else ""


@cache
def _installed() -> tuple[str, ...]:
    """The computer's own fonts, always in the same order; none where Matplotlib, which finds them, is not installed."""
    if find_spec("matplotlib") is None:
        return ()
    from matplotlib.font_manager import findSystemFonts

    return tuple(sorted(findSystemFonts(fontext="ttf"), key=lambda file: (Path(file).name, file)))


@cache
def _letters_of(file: str) -> frozenset[int]:
    """The numbers of the letters that a font can draw in outlines; none for a file that cannot be used."""
    from fontTools.ttLib import TTFont

    if not file:
        return frozenset(range(128))
    try:
        with TTFont(file, fontNumber=0, lazy=True) as font:
            if not {"glyf", "CFF ", "CFF2"} & set(font.keys()):  # pictures of one size
                return frozenset()
            ImageFont.truetype(file, 10)
            return frozenset(font.getBestCmap() or ())
    except Exception:  # fonts are as broken as files are; another one will do
        return frozenset()
