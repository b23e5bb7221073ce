"""The report of extraction: nothing dropped silently, counts that add up, and nothing half-written."""

import csv
import json
import tracemalloc
import unicodedata
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.errors import DataError
from handloom.extraction.extract import rows_of
from handloom.extraction.extraction import FRAME, Extraction
from handloom.extraction.report import ExtractionReport
from handloom.sources import Clip, Skipped

WRITTEN = ["files.csv", "hands.png", "metrics.json", "no_hand.png", "report.json"]


def clip(name: str, start: float | None = None, end: float | None = None) -> Clip:
    """A file in the folder of its class."""
    return Clip(Path("photos"), name, name.split("/")[0], "group", start=start, end=end)


def extraction(*hands: bool, **others: Any) -> Extraction:
    """A file with these frames."""
    frames = np.zeros(len(hands), FRAME)
    frames["chirality"] = hands
    frames["keypoints"][np.array(hands)] = 0.5
    return Extraction(frames, **{"decoded": len(hands)} | others)


def skipped(name: str, label: str = "") -> Skipped:
    return Skipped(name, f"{name}: no such file; correct the row", label)


def written(folder: Path) -> tuple[dict[str, Any], list[dict[str, str]], dict[str, float]]:
    """report.json, the rows of files.csv, metrics.json."""
    with (folder / "files.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    report, metrics = (
        json.loads((folder / name).read_text(encoding="utf-8")) for name in ("report.json", "metrics.json")
    )
    return report, rows, metrics


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


LABELS = st.sampled_from(["one", "五指", "e\u0301"])
READ = st.builds(
    lambda label, hands, decoded, again, warnings: (
        label,
        extraction(
            *hands,
            decoded=decoded,
            retries=again,
            helped=again // 2,
            two_hands=again,
            higher_taken=again // 2,
            larger_taken=again // 3,
            warnings=warnings,
        ),
    ),
    LABELS,
    st.lists(st.booleans(), min_size=1, max_size=3),
    st.integers(1, 9),
    st.integers(0, 4),
    st.lists(st.sampled_from(["no rotation is given", "some frames are damaged"])).map(tuple),
)
HAPPENINGS = st.lists(READ | st.tuples(LABELS, st.none()) | st.tuples(LABELS | st.just(""), st.just("skipped")))


@settings(max_examples=25, deadline=None)
@given(HAPPENINGS, st.lists(st.tuples(LABELS, st.lists(st.booleans(), min_size=1, max_size=3)), max_size=5))
def test_everything_is_counted_once_and_the_counts_add_up(
    tmp_path_factory: pytest.TempPathFactory,
    happenings: list[tuple[str, Any]],
    known: list[tuple[str, list[bool]]],
) -> None:
    folder = tmp_path_factory.mktemp("report")
    with ExtractionReport(folder) as report:
        for number, (label, what) in enumerate(happenings):
            name = f"{label}/{number}.jpg"
            if what == "skipped":
                report.add_skipped(skipped(name, label))
            elif what is None:
                report.add_unreadable(clip(name), f"{name}: not a picture")
            else:
                report.add(clip(name), what)
        if known:
            sessions = [(n, clip(f"{label}/known{n}"), extraction(*hands)) for n, (label, hands) in enumerate(known)]
            report.add_keypoints(rows_of(sessions))
    content, rows, metrics = written(folder)
    total, extractions = content["total"], [what for _, what in happenings if isinstance(what, Extraction)]
    frames = [frame for one in extractions for frame in (one.frames["chirality"] > 0)]
    frames += [hand for _, hands in known for hand in hands]
    with_hand = sum(one.hands > 0 for one in extractions) + sum(any(hands) for _, hands in known)
    assert total == {
        "files": len(happenings) + len(known),
        "unreadable": sum(what is None for _, what in happenings),
        "skipped": sum(what == "skipped" for _, what in happenings),
        "from_table": len(known),
        "files_with_hand": with_hand,
        "files_with_warnings": sum(bool(one.warnings) for one in extractions),
        "frames": len(frames),
        "frames_from_table": sum(len(hands) for _, hands in known),
        "frames_with_hand": sum(frames),
        "frames_decoded": sum(one.decoded for one in extractions),
        "retries": sum(one.retries for one in extractions),
        "retries_helped": sum(one.helped for one in extractions),
        "files_with_two_hands": sum(one.two_hands > 0 for one in extractions),
        "files_higher_taken": sum(2 * one.higher_taken > one.two_hands for one in extractions),
        "files_larger_taken": sum(2 * one.larger_taken > one.two_hands for one in extractions),
    }
    for name, number in total.items():
        assert sum(count[name] for count in content["classes"].values()) == number
    used = total["files"] - total["unreadable"] - total["skipped"]
    assert len(content["without_hand"]) == used - with_hand
    assert len(content["unreadable"]) == total["unreadable"] and len(content["skipped"]) == total["skipped"]
    # A row for each file, in the order in which they came; what is known is not a file.
    assert [(row["label"], row["name"]) for row in rows] == [
        (label, f"{label}/{number}.jpg") for number, (label, _) in enumerate(happenings)
    ]
    assert sum(bool(row["problem"]) for row in rows) == metrics["unusable_files"] == len(happenings) - len(extractions)
    assert sum(int(row["hands"] or 0) for row in rows) == sum(one.hands for one in extractions)
    assert metrics["hands_found"] == (with_hand / used if used else 0)
    assert metrics["frames_with_hand"] == (sum(frames) / len(frames) if frames else 0)
    assert all(line for line in report.as_text().splitlines())


def test_a_row_of_files_csv_tells_what_happened_to_a_file(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        read = extraction(
            *(True, False, True),
            decoded=6,
            retries=2,
            helped=1,
            two_hands=3,
            higher_taken=2,
            larger_taken=1,
            warnings=("no rotation is given", "it is slow"),
        )
        report.add(clip("wave/a.mp4", 1.5, 3.25), read)
        report.add_unreadable(clip("wave/b.mp4"), "wave/b.mp4: ends too early")
    _, rows, _ = written(tmp_path)
    assert [list(filter(None, row.values())) for row in rows] == [
        [
            "wave/a.mp4",
            "1.5",
            "3.25",
            "wave",
            "3",
            "6",
            "2",
            "2",
            "1",
            "3",
            "2",
            "1",
            "no rotation is given; it is slow",
        ],
        ["wave/b.mp4", "wave", "wave/b.mp4: ends too early"],
    ]


def test_stretches_of_one_clip_are_told_apart(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        for start in (0, 1.5):
            report.add(clip("wave/a.mp4", start, start + 1.5), extraction(False))
        report.add_unreadable(clip("wave/a.mp4", 7, 8), "wave/a.mp4: ends before 7 s")
        report.add_unreadable(clip("wave/a.mp4", 9), "wave/a.mp4: ends before 9 s")
    content, _, _ = written(tmp_path)
    assert content["without_hand"] == ["wave/a.mp4 [0-1.5 s]", "wave/a.mp4 [1.5-3 s]"]
    assert list(content["unreadable"]) == ["wave/a.mp4 [7-8 s]", "wave/a.mp4 [9- s]"]


def test_a_stage_that_is_stopped_leaves_the_report_of_the_last_run(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        report.add(clip("one/a.jpg"), extraction(True))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(before) == WRITTEN
    with pytest.raises(KeyboardInterrupt), ExtractionReport(tmp_path) as report:
        report.add(clip("one/b.jpg"), extraction(True))
        raise KeyboardInterrupt
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_refused_data_can_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="wall"), ExtractionReport(tmp_path) as report:
        report.add(clip("wall/a.jpg"), extraction(False))
        report.finish(unreadable_limit=0.0)
    assert names_in(tmp_path) == WRITTEN
    assert written(tmp_path)[0]["without_hand"] == ["wall/a.jpg"]


def test_too_much_that_is_unusable_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    report = ExtractionReport(tmp_path)
    with report:
        for number in range(8):
            report.add(clip(f"one/{number}.jpg"), extraction(True))
        report.add_skipped(skipped("labels.csv, row 3", "one"))
        report.add_unreadable(clip("one/torn.jpg"), "one/torn.jpg: not a picture")
    report.check(unreadable_limit=0.2)
    with pytest.raises(DataError) as caught:
        report.check(unreadable_limit=0.19)
    assert str(caught.value) == (
        "2 of 10 files could not be used, more than extract_keypoints.unreadable_limit (0.19) allows; all are in"
        f" {tmp_path / 'report.json'}, the first: one/torn.jpg: not a picture"
    )


def test_a_class_without_any_hand_is_refused_and_the_picture_to_look_at_is_there(tmp_path: Path) -> None:
    report = ExtractionReport(tmp_path)
    with report:
        report.add(clip("one/a.jpg"), extraction(True))
        for number in range(3):
            report.add(clip(f"wall/{number}.jpg"), extraction(False))
    with pytest.raises(DataError, match=r"^class 'wall': no hand found in any of its 3 files; [^\n]+$") as caught:
        report.check(unreadable_limit=0.0)
    sheet = next(word for word in str(caught.value).replace(",", "").split() if word.endswith(".png"))
    assert Path(sheet).is_file()


def test_a_class_of_which_nothing_could_be_used_is_refused_with_a_reason(tmp_path: Path) -> None:
    report = ExtractionReport(tmp_path)
    with report:
        for number in range(8):
            report.add(clip(f"one/{number}.jpg"), extraction(True))
        report.add_skipped(skipped("labels.csv, row 1"))  # of no class
        report.add_skipped(skipped("labels.csv, row 2", "two"))
        report.add_unreadable(clip("two/torn.jpg"), "two/torn.jpg: not a picture")
    with pytest.raises(
        DataError, match=r"^class 'two': none of its 2 files could be used; .*labels.csv, row 2: no such"
    ):
        report.check(unreadable_limit=0.5)


def test_joints_from_a_table_are_counted_a_session_at_a_time(tmp_path: Path) -> None:
    first = rows_of([(0, clip("one/a"), extraction(True, False)), (1, clip("one/b"), extraction(False, False))])
    second = rows_of([(2, clip("two/c", 0, 1), extraction(True)), (3, clip("two/c", 1, 2), extraction(False))])
    report = ExtractionReport(tmp_path)
    with report:
        report.add_keypoints(pa.concat_tables([first, second]))
    content, rows, _ = written(tmp_path)
    counted = {
        label: {name: number for name, number in count.items() if number} for label, count in content["classes"].items()
    }
    assert counted == {
        "one": {
            "files": 2,
            "from_table": 2,
            "files_with_hand": 1,
            "frames": 4,
            "frames_from_table": 4,
            "frames_with_hand": 1,
        },
        "two": {
            "files": 2,
            "from_table": 2,
            "files_with_hand": 1,
            "frames": 2,
            "frames_from_table": 2,
            "frames_with_hand": 1,
        },
    }
    assert content["without_hand"] == ["one/b", "two/c"]
    assert rows == []
    report.check(unreadable_limit=0.0)


def test_a_large_table_of_joints_is_counted_to_its_end(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        report.add_keypoints(rows_of([(0, clip("one/a"), extraction(*[False] * 70_000, True))]))
    assert (report.total().frames, report.total().frames_with_hand) == (70_001, 1)


def test_the_table_is_aligned_with_wide_letters_too(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        for label in ("五指", "one", "e\u0301te\u0301", "a class with a long name"):
            report.add(clip(f"{label}/a.jpg"), extraction(True))
            report.add(clip(f"{label}/b.jpg"), extraction(label != "one"))
    table = report.as_text().splitlines()[:6]
    widths = {
        sum(0 if unicodedata.combining(letter) else 2 if letter in "五指" else 1 for letter in line) for line in table
    }
    assert len(widths) == 1
    by_class = {line.split("  ")[0]: line.split() for line in table}
    assert by_class["all"][1:] == ["8", "7", "87.5", "%", "8", "7", "87.5", "%"]
    assert by_class["one"][1:] == ["2", "1", "50.0", "%", "2", "1", "50.0", "%"]


def test_a_share_that_is_not_all_is_never_shown_as_all(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        report.add(clip("one/a.mp4"), extraction(*([True] * 9999), False))
    assert "99.9 %" in report.as_text()


def test_columns_appear_when_there_is_something_to_tell(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        report.add(clip("one/a.mp4"), extraction(True, False))
        plain = report.as_text().splitlines()[0]
        report.add(clip("one/b.mp4"), extraction(True, False, decoded=4, retries=3, helped=1))
        report.add_skipped(skipped("labels.csv, row 3", "one"))
        report.add_unreadable(clip("one/torn.jpg"), "one/torn.jpg: not a picture")
    head, one, *_ = report.as_text().splitlines()
    assert not any(word in plain for word in ("second", "decoded", "unreadable", "skipped"))
    assert head.split()[-5:] == ["retries", "helped", "decoded", "unreadable", "skipped"]
    assert one.split()[-6:] == ["1", "of", "3", "6", "1", "1"]


def test_the_terminal_gets_the_first_problems_and_where_the_rest_is(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        report.add(clip("one/a.jpg"), extraction(True))
        for number in range(9):
            report.add_unreadable(clip(f"one/torn{number}.jpg"), f"one/torn{number}.jpg: not a picture")
        for number in range(5):
            report.add_skipped(skipped(f"labels.csv, row {number}", "one"))
        for number in range(7):
            warnings = ("a common one", f"warning {number}")
            report.add(clip(f"one/{number}.jpg"), extraction(True, warnings=warnings))
        report.add_note("3 files outside the class folders ignored")
    text = report.as_text()
    lines = text.splitlines()
    assert text.count("torn8.jpg") == text.count("row 0") == 1
    assert "row 1" not in text
    assert f"  and 4 more in {tmp_path / 'report.json'}" in lines
    assert "  one/0.jpg: a common one (and 6 more files)" in lines
    assert "  one/3.jpg: warning 3" in lines
    assert "warning 4" not in text
    assert f"  and 3 more in {tmp_path / 'report.json'}" in lines
    assert lines[-1] == "  3 files outside the class folders ignored"
    content, _, _ = written(tmp_path)
    assert content["warnings"]["a common one"] == [f"one/{number}.jpg" for number in range(7)]
    assert len(content["skipped"]) == 5 and content["notes"] == ["3 files outside the class folders ignored"]


def test_any_name_can_be_written_and_read_back_and_stays_on_its_line(tmp_path: Path) -> None:
    names = ["o\nne/a.jpg", "one/a\nb.jpg", 'one/"a",b.jpg', "one/\x1b[31m.jpg", "one/五.jpg", "one/=1+1.jpg"]
    with ExtractionReport(tmp_path) as report:
        for name in names:
            report.add(clip(name), extraction(False))
        report.add_skipped(skipped("one/\udcff.jpg", "one"))  # bytes that are not UTF-8
    content, rows, _ = written(tmp_path)
    assert content["without_hand"] == names
    assert [row["name"] for row in rows] == [*names, "one/\\udcff.jpg"]
    assert "\x1b" not in report.as_text()
    assert len(report.as_text().splitlines()) == 4 + 2 + 1
    with pytest.raises(DataError) as caught:
        report.check(unreadable_limit=1.0)
    assert "\n" not in str(caught.value)


def test_memory_does_not_grow_with_the_files_that_went_well(tmp_path: Path) -> None:
    one = extraction(True)
    with ExtractionReport(tmp_path) as report:
        for number in range(100):
            report.add(clip(f"one/{number}.jpg"), one)
        tracemalloc.start()
        for number in range(5000):
            report.add(clip(f"one/again{number}.jpg"), one)
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert used < 100_000
    assert len(written(tmp_path)[1]) == 5100


def test_total_of_nothing_is_nothing(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        pass
    assert not any(asdict(report.total()).values())
    assert not any(report.metrics().values())
    assert report.as_text()


def test_a_file_that_cannot_be_read_is_named_with_its_folder(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        for label in ("one", "two"):
            report.add_unreadable(clip(f"{label}/5.jpg"), "5.jpg: empty file; copy it again")
    assert list(report.unreadable.values()) == [f"{label}/5.jpg: empty file; copy it again" for label in ("one", "two")]
    assert "one/5.jpg: empty file" in report.as_text()


def test_a_name_that_a_spreadsheet_would_compute_is_text_in_files_csv(tmp_path: Path) -> None:
    with ExtractionReport(tmp_path) as report:
        report.add(clip("=1+1/a.jpg"), extraction(True))
    _, (row,), _ = written(tmp_path)
    assert (row["name"], row["label"]) == ("'=1+1/a.jpg", "'=1+1")
