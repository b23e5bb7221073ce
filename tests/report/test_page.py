"""`report.html`: all that it links to is in it, nothing of it comes from elsewhere, and names are text."""

import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from browser import chromium, needs_browser
from PIL import Image
from small_training import OUT, PARTS, TABLE, WITH_VALIDATION, train_small, write_tables

from handloom import keypoint_table
from handloom.check.check import Finding, all_examples
from handloom.config import Data, LabeledDirectories, Parameters
from handloom.dataset.pictures import Pictures, View, Views
from handloom.evaluation.answered import Answered, answer_test_set
from handloom.report.check_page import write_check_page
from handloom.report.page import Written, write_page
from handloom.sources import Clip
from handloom.stages.layout import Layout
from handloom.stages.run import report
from handloom.support.workspace import Workspace

SCRIPT = '<script>alert("fist")</script>'
LABELS = ["background", SCRIPT, "open"] * 20
PARAMETERS = Parameters(data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")))


class Page(HTMLParser):
    """What a page links to, what it is made of, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.names: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "xlink:href"):
                self.links.append(value or "")
            if name in ("src", "srcset", "poster", "data", "action"):
                self.pictures.append(value or "")
            if name == "id":
                self.names.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


# Where the fixture lies.
WRITTEN: dict[str, Path] = {}


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    folder = tmp_path_factory.mktemp("report")
    before = Path.cwd()
    os.chdir(folder)
    try:
        write_tables(LABELS, WITH_VALIDATION)
        keypoint_table.write(TABLE, [with_size(keypoint_table.read(TABLE))], {"frame_rate": "30"})
        train_small()
        found = answer_test_set(folder / OUT, folder / TABLE, folder / PARTS, 1)
    finally:
        os.chdir(before)
    WRITTEN["folder"] = folder
    return with_mistakes(found)


def with_size(rows: pa.Table) -> pa.Table:
    """As if its joints came from photos."""
    for name in ("width", "height"):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, pa.array([100] * rows.num_rows, pa.int32()))
    return rows


def with_mistakes(found: Answered) -> Answered:
    """One answer wrong for a class, and one example without a hand."""
    answers = [replace(one, predicted=one.label, confidence=0.9) for one in found.answers]
    first = next(row for row, one in enumerate(answers) if one.label == SCRIPT)
    answers[first] = replace(answers[first], predicted="open")
    last = next(row for row, one in enumerate(answers) if one.label == "background")
    answers[last] = replace(answers[last], hand_found=False)
    return replace(found, answers=answers)


def written(page: Path, answered: Answered, clips: list[Clip] | None = None) -> str:
    folder = WRITTEN["folder"]
    where = Written(folder / TABLE, folder / PARTS, folder / OUT, folder / "keypoints")
    write_page(page, PARAMETERS, answered, lambda: clips or [], where)
    return page.read_text(encoding="utf-8")


def written_check(page: Path) -> Page:
    """A page with a finding of each problem."""
    table = WRITTEN["folder"] / TABLE
    names = keypoint_table.read(table).column("path").to_pylist()
    findings = [
        Finding("copy", names[0], names[1], "fist", "anna", f"copy of {SCRIPT}", 0.98, (0, 1)),
        Finding("label", names[2], "", SCRIPT, "ben", "looks like open", 0.7, (2,)),
        Finding("ends", names[3], "", "open", "ben", "no hand in the first 0.6 s", 0.3, (3, 3), (0, 0)),
        Finding("few people", "", "", "open", "", "2 of at least 3 people or groups", 1.0),
    ]
    views = Views(table, all_examples(table).as_they_are)
    write_check_page(page, "pose", views, findings, Pictures(lambda: [], "pose", 30.0))
    return Page(page.read_text(encoding="utf-8"))


def test_the_page_of_the_check_shows_both_photos_of_a_pair_and_names_are_text(
    answered: Answered, tmp_path: Path
) -> None:
    page = written_check(tmp_path / "check.html")
    assert len(page.pictures) == 5 and page.names == ["copy", "label", "ends", "few-people"]
    assert f"copy of {SCRIPT}" in page.text and "script" not in page.tags


def test_every_link_leads_to_a_place_in_the_page_and_nothing_comes_from_elsewhere(
    answered: Answered, tmp_path: Path
) -> None:
    page = Page(written(tmp_path / "report.html", answered))
    assert page.links and all(link.startswith("#") and link[1:] in page.names for link in page.links)
    assert len(page.names) == len(set(page.names))
    assert len(page.pictures) == 2 and all(address.startswith("data:image/jpeg;base64,") for address in page.pictures)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(page.tags)


def test_a_wrong_answer_is_linked_from_the_confusion_table_and_names_are_text(
    answered: Answered, tmp_path: Path
) -> None:
    page = Page(written(tmp_path / "report.html", answered))
    assert f"{SCRIPT}, taken for open: 1" in page.text
    labels = answered.model.spec.classes
    assert f"#pair-{labels.index(SCRIPT)}-{labels.index('open')}" in page.links


def test_the_same_answers_give_the_same_bytes(answered: Answered, tmp_path: Path) -> None:
    assert written(tmp_path / "one.html", answered) == written(tmp_path / "two.html", answered)


def test_a_page_is_replaced_as_a_whole_or_not_at_all(answered: Answered, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("before")
    broken = replace(answered, answers=[*answered.answers[:-1], "no answer"])  # type: ignore[list-item]
    with pytest.raises(AttributeError):
        written(page, broken)
    assert page.read_text() == "before" and list(tmp_path.iterdir()) == [page]


def test_a_photo_is_shown_where_it_still_lies_and_joints_alone_where_not(tmp_path: Path) -> None:
    Image.new("RGB", (60, 80), (200, 30, 30)).save(tmp_path / "one.png")
    nothing = np.zeros((3, 21), np.float32)
    view = View("one.png", "fist", number=0, of=1, frame=0, poses=nothing, width=60, height=80)
    clip = Clip(tmp_path, "one.png", "fist", "somebody")
    seen = Pictures(lambda: [clip], "pose", 30.0).data_uri(view)
    gone = Pictures(lambda: [replace(clip, file="gone.png")], "pose", 30.0).data_uri(view)
    none = Pictures(lambda: [], "pose", 30.0).data_uri(view)
    assert seen != gone == none


def test_a_source_that_is_gone_is_said_and_the_page_is_written(
    answered: Answered, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = WRITTEN["folder"]
    layout = replace(Layout.in_folder(tmp_path), keypoints=folder / TABLE, split=folder / PARTS, model=folder / OUT)
    page = report(PARAMETERS, "pose", layout, Workspace.inside(tmp_path), answered)
    assert page == tmp_path / "report" / "report.html" and page.is_file()
    said = capsys.readouterr().err
    assert said.startswith("report.html of pose: shows joints without pictures: ") and "photos: no such folder" in said
    assert said.count("\n") == 1


@needs_browser
@pytest.mark.parametrize("name", ["report.html", "check.html"])
def test_a_browser_has_nothing_to_say_of_a_page_and_neither_has_axe(
    answered: Answered, tmp_path: Path, name: str
) -> None:
    from axe_core_python.sync_playwright import Axe

    if name == "report.html":
        written(tmp_path / name, answered)
    else:
        written_check(tmp_path / name)
    asked: list[str] = []
    said: list[str] = []
    with chromium() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, bypass_csp=True)
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.goto((tmp_path / name).as_uri())
            found = Axe().run(page)
            assert [one["id"] for one in found["violations"]] == [], scheme
            context.close()
    assert {address.split(":")[0] for address in asked} <= {"file", "data"} and not said
