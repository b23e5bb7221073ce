"""The list of `handloom check`, and the files that a person leaves out because of it."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from handloom import keypoint_table
from handloom.check.check import Checked, Finding, find_mistakes, write_findings
from handloom.config import LabeledDirectories
from handloom.dataset.pictures import Pictures
from handloom.errors import DataError
from handloom.hand import Poses, poses_from_picture
from handloom.sources import Clip, gather_all
from handloom.sources.clip import Gathered
from handloom.sources.excluded import without_excluded
from handloom.support.files import path_of_cell


def table_of(path: Path, people: dict[str, int]) -> Path:
    """A keypoint table with a row for each class and person, in which every hand is the same."""
    rows = [(label, person) for label, number in people.items() for person in range(number)]
    keypoints = [[float(number % 7) / 7 for number in range(63)]] * len(rows)
    columns = {
        "session_id": list(range(len(rows))),
        "label": [label for label, _ in rows],
        "group": [f"person {person}" for _, person in rows],
        "path": [f"{label}/{person}.jpg" for label, person in rows],
        "frame": [0] * len(rows),
        "keypoints": keypoints,
    }
    rest = {name: [None] * len(rows) for name in keypoint_table.SCHEMA.names if name not in columns}
    keypoint_table.write(path, [pa.Table.from_pydict(columns | rest, schema=keypoint_table.SCHEMA)], {})
    return path


def test_a_class_of_few_people_is_listed(tmp_path: Path) -> None:
    found = find_mistakes(Checked(table_of(tmp_path / "pose.parquet", {"fist": 4, "open": 2})))
    assert [(one.problem, one.label, one.note) for one in found] == [
        ("few people", "open", "2 of at least 3 people or groups")
    ]


def test_a_list_without_a_finding_has_its_header(tmp_path: Path) -> None:
    write_findings(tmp_path / "check.csv", [])
    (header,) = csv.reader((tmp_path / "check.csv").open())
    assert header == ["problem", "path", "other", "label", "group", "note", "score"]


def photos(folder: Path) -> Path:
    for label in ("fist", "open"):
        (folder / label).mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / label / f"{number}.png")
    return folder


def test_excluded_files_are_left_out_and_counted(tmp_path: Path) -> None:
    listed = tmp_path / "exclude.csv"
    listed.write_text("problem,path\nlabel,fist/1.png\nlabel,fist/9.png\n")
    source = LabeledDirectories(path=str(photos(tmp_path / "photos")), exclude=str(listed))
    gathered = gather_all(source, "pose")
    assert "fist/1.png" not in [clip.name for clip in gathered.clips] and len(gathered.clips) == 5
    assert gathered.notes[:2] == [
        f"{listed}: leaves out 1 of 6 examples",
        f"{listed}: 1 of its 2 paths name no file of the source (the first: fist/9.png)",
    ]


SIGNS = "=+-@\t\uff1d\uff0b\uff0d\uff20"
NAMES = st.text(
    st.characters(categories=["L", "M", "N", "P", "S", "Z", "Cc"], exclude_characters="/\\\0"), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))


@settings(max_examples=60, deadline=None)
@example(folder="+", name="a")
@example(folder="-", name="a")
@given(folder=st.sampled_from(f"{SIGNS}' ") | NAMES, name=st.sampled_from(["-2", "@a.jpg", "=1+1", "a\rb"]) | NAMES)
def test_every_path_in_the_list_names_its_file_for_exclude_and_for_the_studio(folder: str, name: str) -> None:
    path = f"{folder}/{name}"
    with TemporaryDirectory() as place:
        listed = Path(place) / "check.csv"
        write_findings(listed, [Finding("label", path, path, "fist", "anna", "looks like open", 0.7)])
        clips = [Clip(Path(place), one, "fist", "anna") for one in (path, "another/file.jpg")]
        kept = without_excluded(Gathered(clips), str(listed), "data.pose.exclude").clips
        assert [clip.file for clip in kept] == ["another/file.jpg"]
        with listed.open(newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file)
    assert path_of_cell(row["path"]) == path == path_of_cell(row["other"])
    assert not row["path"].startswith(tuple(SIGNS))


def test_a_list_may_name_files_of_a_joined_source_as_reports_do(tmp_path: Path) -> None:
    listed = tmp_path / "exclude.csv"
    listed.write_text("path\nstudio/fist/1.png\nfist/2.png\nother/fist/0.png\n")
    clips = [Clip(tmp_path, f"fist/{number}.png", "fist", "anna") for number in range(3)]
    gathered = without_excluded(Gathered(clips), str(listed), "data.pose.sources.studio.exclude")
    assert [clip.file for clip in gathered.clips] == ["fist/0.png"]
    assert "1 of its 3 paths name no file of the source (the first: other/fist/0.png)" in gathered.notes[-1]


def test_a_path_that_fits_two_files_of_a_joined_source_is_told(tmp_path: Path) -> None:
    listed = tmp_path / "exclude.csv"
    listed.write_text("path\nfive/five/x.jpg\n")
    clips = [Clip(tmp_path, file, "five", "anna") for file in ("five/x.jpg", "five/five/x.jpg", "one/x.jpg")]
    gathered = without_excluded(Gathered(clips), str(listed), "data.pose.sources.five.exclude")
    assert [clip.file for clip in gathered.clips] == ["five/x.jpg", "one/x.jpg"]
    assert "1 of its paths fit two files" in gathered.notes[-1]


@pytest.mark.parametrize("row", ["fist/a.jpg", "fist/a.jpg ", "./ fist/a.jpg"])
def test_names_that_differ_by_a_blank_alone_are_two_files(tmp_path: Path, row: str) -> None:
    listed = tmp_path / "exclude.csv"
    listed.write_text(f"path\n{row}\n")
    files = ["fist/a.jpg", "fist/a.jpg ", " fist/a.jpg"]
    clips = [Clip(tmp_path, file, "fist", "anna") for file in files]
    kept = without_excluded(Gathered(clips), str(listed), "data.pose.exclude").clips
    assert [clip.file for clip in kept] == [file for file in files if file != row.removeprefix("./")]
    kept = without_excluded(Gathered([clips[0], clips[2]]), str(listed), "data.pose.exclude").clips
    assert len(kept) == 1


EVERY_FILE = "".join(f"{label}/{number}.png\n" for label in ("fist", "open") for number in range(3))


@pytest.mark.parametrize(
    ("content", "says"),
    [("file\nfist/1.png\n", "no column 'path'"), (f"path\n{EVERY_FILE}", "leaves out every file")],
)
def test_a_list_that_cannot_be_used_is_one_line(tmp_path: Path, content: str, says: str) -> None:
    listed = tmp_path / "exclude.csv"
    listed.write_text(content)
    source = LabeledDirectories(path=str(photos(tmp_path / "photos")), exclude=str(listed))
    with pytest.raises(DataError, match=r"exclude\.csv") as raised:
        gather_all(source, "pose")
    assert says in str(raised.value) and "\n" not in str(raised.value)


def drawn_table(path: Path, poses: Poses, rows: list[tuple[str, str]]) -> Path:
    """A keypoint table of joints ``[N, 3, 21]``, a row for each class and person."""
    columns = {
        "session_id": list(range(len(rows))),
        "label": [label for label, _ in rows],
        "group": [person for _, person in rows],
        "path": [f"{label}/{number}.jpg" for number, (label, _) in enumerate(rows)],
        "frame": [0] * len(rows),
        "keypoints": keypoint_table.poses_to_column(poses),
    }
    rest = {name: [None] * len(rows) for name in keypoint_table.SCHEMA.names if name not in columns}
    keypoint_table.write(path, [pa.Table.from_pydict(columns | rest, schema=keypoint_table.SCHEMA)], {})
    return path


EXCHANGED = {"fist": "open", "open": "fist"}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """Three shapes by five people; one person exchanges the names of two; the joints of one hand lie in a heap."""
    draw = np.random.default_rng(3)
    shapes = {label: draw.uniform(0.3, 0.7, (21, 2)) for label in ("fist", "open", "point")}
    rows, points = [], []
    for person in ("anna", "ben", "carl", "dora", "emil"):
        for label, shape in shapes.items():
            for _ in range(8):
                rows.append((EXCHANGED.get(label, label) if person == "anna" else label, person))
                points.append(shape + draw.normal(0, 0.01, shape.shape))
    points[-1] = np.array([0.5, 0.5]) + draw.normal(0, 0.02, (21, 2))
    table = tmp_path_factory.mktemp("check") / "pose.parquet"
    return find_mistakes(Checked(drawn_table(table, poses_from_picture(np.stack(points)), rows)))


def test_a_person_who_uses_another_name_for_a_gesture_has_a_row(findings: list[Finding]) -> None:
    assert [(one.path, one.group, one.label, one.note) for one in findings if one.problem == "person"] == [
        ("", "anna", "fist", "8 of 8 examples look like open of other people"),
        ("", "anna", "open", "8 of 8 examples look like fist of other people"),
    ]


def test_a_hand_that_is_like_no_other_is_listed(findings: list[Finding]) -> None:
    first = next(one for one in findings if one.problem == "joints")
    assert first.path == "point/119.jpg" and first.score > 0.8


def test_photos_that_are_gone_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked = Checked(table_of(tmp_path / "pose.parquet", {"fist": 4, "open": 3}))
    assert find_mistakes(checked, Pictures(lambda: [], "pose", 30.0)) == []
    assert capsys.readouterr().err == "copies: 7 of 7 photos could not be looked at\n"


def test_photos_on_the_way_into_a_sign_are_listed_once(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    shapes = {label: draw.uniform(0.3, 0.7, (21, 2)) for label in ("fist", "open", "point")}
    rows, points = [], []
    for label in shapes:
        for person in ("anna", "ben", "carl", "dora", "emil"):
            for number in range(10):
                early = person == "carl" and label == "fist" and number < 2
                rows.append((label, person))
                points.append(shapes["open" if early else label] + draw.normal(0, 0.01, (21, 2)))
    found = find_mistakes(Checked(drawn_table(tmp_path / "pose.parquet", poses_from_picture(np.stack(points)), rows)))
    listed = sorted((one.path, one.problem, one.note) for one in found if one.problem != "joints")
    assert listed == [
        (f"fist/{number}.jpg", "ends", "probably taken on the way; looks like open") for number in (20, 21)
    ]


def test_a_clip_whose_hand_comes_late_is_listed(tmp_path: Path) -> None:
    poses = poses_from_picture(np.random.default_rng(3).uniform(0.3, 0.7, (21, 2))[None].repeat(80, axis=0))
    poses[60:72] = 0  # the fourth clip
    poses[79] = 0  # an end that is too short to count
    rows = [(number // 20, number % 20) for number in range(80)]
    columns = {
        "session_id": [clip for clip, _ in rows],
        "label": ["wave"] * 80,
        "group": [f"person {clip}" for clip, _ in rows],
        "path": [f"wave/{clip}.mp4" for clip, _ in rows],
        "frame": [frame for _, frame in rows],
        "keypoints": keypoint_table.poses_to_column(poses),
    }
    rest = {name: [None] * len(rows) for name in keypoint_table.SCHEMA.names if name not in columns}
    table = pa.Table.from_pydict(columns | rest, schema=keypoint_table.SCHEMA)
    keypoint_table.write(tmp_path / "action.parquet", [table], {"frame_rate": "20"})
    (found,) = find_mistakes(Checked(tmp_path / "action.parquet"))
    assert (found.problem, found.path, found.note) == ("ends", "wave/3.mp4", "no hand in the first 0.6 s")
    assert found.rows == (3, 3) and found.frames == (6, 15)  # what to cut, and what stays
