"""One line of what `handloom doctor` found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "MISSING"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        item: what was looked at.
        state: "ok"; "note" for what is good to know and stops nothing; "MISSING" for what something will fail without.
        text: what was found.
        advice: what to type, or to do; empty where nothing needs to be done.
    """

    item: str
    state: State
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.state:7}  {self.item}: {self.text}" + (f"; {self.advice}" if self.advice else "")
