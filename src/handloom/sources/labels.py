"""Texts out of folders and tables: labels, groups, names."""

import math
import re
import unicodedata
from collections.abc import Iterable

import numpy as np

from handloom.errors import printable
from handloom.sources.clip import UnusableError

PARTS = ("train", "validation", "test")
LONGEST_LABEL = 100  # characters
# Control characters, line and paragraph separators, halves of surrogate pairs: none of them can be shown or stored.
_UNSHOWABLE = {"Cc", "Zl", "Zp", "Cs"}
# Format characters that nobody sees, but for the two joiners, without which some scripts and emoji cannot be written.
_INVISIBLE, _JOINERS = "Cf", "\u200c\u200d"
_FLAG_LETTERS = range(0xE0020, 0xE0080)  # of emoji flags
# What begins a tag or a comment where a label is shown on a web page (the plots of DVC put labels there unescaped).
_MARKUP = re.compile(r"<[a-z/!?]", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def as_text(value: object) -> str:
    """A table's value as text, without white space around it; empty where there is none.

    Whole numbers that a data frame turned into floats, because a value is missing among them, lose their ``.0``.

    Raises:
        UnusableError: the value is a list, an object, bytes or a number of thousands of digits.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple | dict | bytes | np.ndarray):
        raise UnusableError(f"a text was expected, not {type(value).__name__}")
    try:
        return str(value).strip()
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        raise UnusableError("a number of thousands of digits; mend it") from None


def checked_label(text: str) -> str:
    """A label as it is used everywhere: stripped, composed (NFC), so that one name has one spelling.

    Raises:
        UnusableError: it is empty, too long, not showable, has characters that nobody sees, or markup.
    """
    label = unicodedata.normalize("NFC", text.strip())
    if not label:
        raise UnusableError("no label; give it one")
    if len(label) > LONGEST_LABEL:
        raise UnusableError(f"a label of {len(label)} characters; use at most {LONGEST_LABEL}")
    if any(unicodedata.category(character) in _UNSHOWABLE for character in label):
        raise UnusableError("its label has control characters; take them out")
    unseen = next((one for one in label if _is_invisible(one)), "")
    if unseen:
        raise UnusableError(f"its label has a character that nobody sees (U+{ord(unseen):04X}); take it out")
    if match := _MARKUP.search(label):
        raise UnusableError(f"its label has {match[0]!r} in it, which begins a tag on web pages; take it out")
    return label


def _is_invisible(character: str) -> bool:
    if character in _JOINERS or ord(character) in _FLAG_LETTERS:
        return False
    return unicodedata.category(character) == _INVISIBLE


def checked_part(text: str) -> str:
    """The part of the data set that a row is for, empty where it names none.

    Raises:
        UnusableError: there is no such part.
    """
    if text and text not in PARTS:
        raise UnusableError(f"the part '{printable(text)[:40]}' is none of {', '.join(PARTS)}; write one of them")
    return text


def note_on_numbers(labels: Iterable[str], where: str) -> list[str]:
    """One line if a table's labels look like numbers, since 1, 01 and 1.0 are different classes."""
    numbers = sorted({label for label in labels if _NUMBER.fullmatch(label)})
    if not numbers:
        return []
    return [f"{where}: labels are numbers ({', '.join(numbers[:3])}{' ...' if len(numbers) > 3 else ''}): used as text"]
