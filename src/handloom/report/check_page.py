"""Writing `check.html`: what `handloom check` found, as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handloom import __version__
from handloom.check.check import Finding, Problem
from handloom.config import Kind
from handloom.dataset.pictures import Pictures, View, Views
from handloom.report.templates import template
from handloom.support.files import replacing

PAGE = "check.html"
SHOWN = 60  # findings of one problem; with some 10 kB a picture the page stays below 5 MB
MEANING: dict[Problem, tuple[str, str]] = {
    "copy": ("Copies", "Each file shows the same as another one of another group. Keep one of them."),
    "person": ("People", "Nearly all examples of one person and class look like another class of the other people."),
    "label": ("Labels", "The joints look like another class, by the examples of other people."),
    "ends": (
        "Beginnings and ends",
        "Photos were probably taken on the way into a sign or out of it. Clips begin before it or end after it; a frame"
        " of what to cut and one of what stays are shown.",
    ),
    "joints": ("Joints", "The joints lie as in few other hands. Look whether the hand was found in the right place."),
    "few people": ("Few people", "With few people in a class its metrics say little about new people."),
}


@dataclass(frozen=True)
class Section:
    """What was found of one problem.

    Attributes:
        problem: its name.
        heading: its title.
        meaning: a sentence about it.
        count: how many were found.
        shown: the first of them, each with the pictures that belong to it.
    """

    problem: Problem
    heading: str
    meaning: str
    count: int
    shown: Sequence[tuple[Finding, Sequence[View]]]


def write_check_page(page: Path, kind: Kind, views: Views, findings: Sequence[Finding], pictures: Pictures) -> Path:
    """Write the page; the same inputs give the same bytes.

    Args:
        page: the file to write.
        kind: "pose" or "action".
        views: what stands for each example of the keypoint table.
        findings: what was found.
        pictures: the photos and clips that the joints were found in.
    """
    sections = []
    for problem, (heading, meaning) in MEANING.items():
        found = [one for one in findings if one.problem == problem]
        if found:
            shown = [(one, _views(one, views)) for one in found[:SHOWN]]
            sections.append(Section(problem, heading, meaning, len(found), shown))
    said = {"version": __version__, "kind": kind, "sections": sections, "picture": pictures.data_uri}
    with replacing(page) as part:
        part.write_text(template(PAGE).render(said), encoding="utf-8")
    return page


def _views(finding: Finding, views: Views) -> list[View]:
    frames = finding.frames or (None,) * len(finding.rows)
    return [views(row, frame) for row, frame in zip(finding.rows, frames, strict=True)]
