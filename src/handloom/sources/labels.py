"""Labels: texts out of folders and tables, which of them look alike, and whether they make enough classes."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from handloom.errors import DataError, printable
from handloom.sources.clip import Gathered, UnusableError

PARTS = ("train", "validation", "test")
LONGEST_LABEL = 100  # characters
# Control characters, line and paragraph separators, halves of surrogate pairs: none of them can be shown or stored.
_UNSHOWABLE = {"Cc", "Zl", "Zp", "Cs"}
# Format invisible characters, but for the two joiners, without which some scripts and emoji cannot be written.
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
        raise UnusableError("a number with thousands of digits; correct it") from None


def checked_label(text: str) -> str:
    """A label as it is used everywhere: stripped, composed (NFC), so that one name has one spelling.

    Raises:
        UnusableError: it is empty, too long, not showable, has invisible characters, or markup.
    """
    label = unicodedata.normalize("NFC", text.strip())
    if not label:
        raise UnusableError("no label; give it one")
    if len(label) > LONGEST_LABEL:
        raise UnusableError(f"a label of {len(label)} characters; use at most {LONGEST_LABEL}")
    if any(unicodedata.category(character) in _UNSHOWABLE for character in label):
        raise UnusableError("its label has control characters; remove them")
    unseen = next((one for one in label if _is_invisible(one)), "")
    if unseen:
        raise UnusableError(f"its label has an invisible character (U+{ord(unseen):04X}); remove it")
    if match := _MARKUP.search(label):
        raise UnusableError(f"its label has {match[0]!r} in it, which begins a tag on web pages; remove it")
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


def examples_by_class(gathered: Gathered) -> Counter[str]:
    """How many photos, clips and sessions of joints each class has."""
    counts = Counter(clip.label for clip in gathered.clips)
    if gathered.keypoints is not None:
        sessions = gathered.keypoints.group_by(["session_id", "label"]).aggregate([])
        counts.update(sessions.column("label").to_pylist())
    return counts


def check_classes(gathered: Gathered, key: str) -> None:
    """Refuse a source that cannot teach a classifier anything.

    Args:
        gathered: the source, joined if it is one of several.
        key: the parameter's full name (`data.pose`).

    Raises:
        DataError: it has fewer than two classes, or a class with one example.
    """
    counts = examples_by_class(gathered)
    why = f"; the first of {len(gathered.skipped)} skipped is {gathered.skipped[0].reason}" if gathered.skipped else ""
    if not counts:
        raise DataError(f"{key}: no labelled example in it; a classifier needs at least two classes{why}")
    if len(counts) == 1:
        (label,) = counts
        raise DataError(f"{key}: only the class '{printable(label)}'; a classifier needs at least two classes{why}")
    small = sorted(label for label, count in counts.items() if count < 2)
    if small:
        raise DataError(
            f"{key}: one example of the class '{printable(small[0])}'; a class needs at least two examples, one to"
            f" learn from and one to test on{why}"
        )


# Latin letters, and letters of other scripts that look like them in most fonts
# (https://www.unicode.org/Public/security/latest/confusables.txt, without what differs to the eye).
_LETTERS = {  # Cyrillic, then Greek ones
    "aeopcyxijshdqw": "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d",
    "ABEKMHOPCTXIJS": "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405",
    "ovipcj": "\u03bf\u03bd\u03b9\u03c1\u03f2\u03f3",
    "ABEZHIKMNOPTYX": "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
}
_LATIN = {ord(other): latin for latins, others in _LETTERS.items() for latin, other in zip(latins, others, strict=True)}
_SHOWN = 3


def note_on_lookalikes(labels: Iterable[str], where: str) -> list[str]:
    """A line for each set of labels that differ in capitals, white space, joiners, or letters of other scripts alone.

    They stay classes of their own: a table or a folder may mean it so.
    """
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for label in sorted(set(labels)):
        alike[_seen(label)].append(label)
    notes = []
    for some in alike.values():
        if len(some) > 1:
            named = " and ".join(_spelt(label, some) for label in some[:_SHOWN])
            more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
            notes.append(
                f"{where}: {named}{more} look alike and are {len(some)} classes; give them one name if they are one"
            )
    return notes


def _seen(label: str) -> str:
    """What is left of a label for a hasty eye."""
    plain = unicodedata.normalize("NFKC", label.translate(_LATIN))
    letters = (one for one in plain if unicodedata.category(one) not in ("Cf", "Mn") or unicodedata.combining(one))
    return " ".join("".join(letters).casefold().replace("_", " ").replace("-", " ").split())


def _spelt(label: str, others: list[str]) -> str:
    """The label in quotes, with its unusual letters by number where an eye cannot tell it from another."""
    alike = sum(other.translate(_LATIN).casefold() == label.translate(_LATIN).casefold() for other in others)
    strange = [letter for letter in label if not letter.isascii()]
    if alike < 2 or not strange:
        return repr(label)
    return f"{label!r} (with {', '.join(f'U+{ord(letter):04X}' for letter in dict.fromkeys(strange))})"
