"""Labels that people take for one, though they are several classes."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

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
