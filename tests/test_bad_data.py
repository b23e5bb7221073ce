"""One bad thing among good files, through the whole stage: one line about it, and the good files are used."""

import csv
import ctypes
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pillow_heif
import pytest
from clip_files import X264, write_clip, write_sound
from numpy.typing import NDArray
from PIL import Image

from handloom import config, keypoint_table
from handloom.config import ExtractKeypoints, Kind, LabeledDirectories
from handloom.errors import DataError
from handloom.extraction.extract import extract_keypoints
from handloom.hand import present
from handloom.support.workspace import Workspace

SETTINGS = ExtractKeypoints(workers=1, unreadable_limit=0.5)
NO_GROUPS = config.Groups(file="")
FRAMES = 12
# What the stage leaves behind, and nothing else.
REPORT_FILES = {"files.csv", "report.json", "metrics.json", "hands.png", "no_hand.png"}


def panned(photo: Path, frames: int = FRAMES) -> list[NDArray[np.uint8]]:
    """A drawn hand that moves to the right."""
    with Image.open(photo) as image:
        picture = np.asarray(image.resize((240, 240)))
    return [np.roll(picture, number, axis=1) for number in range(frames)]


@dataclass(frozen=True)
class Good:
    """Two good files a class, five and one, and one more of the class five that is not among them.

    Attributes:
        photos, clips: the folders.
        photo: one more photo.
        clip: one more clip, its index at the end.
        streamed: the same with its index in front.
    """

    photos: Path
    clips: Path
    photo: Path
    clip: Path
    streamed: Path


@pytest.fixture(scope="module")
def good(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Good:
    folder = tmp_path_factory.mktemp("good")
    made = Good(*(folder / name for name in ("photos", "clips", "more.jpg", "more.mp4", "streamed.mp4")))
    for label in ("five", "one"):
        (made.photos / label).mkdir(parents=True)
        (made.clips / label).mkdir(parents=True)
        for number, photo in enumerate(sorted((drawn / "photos" / label).iterdir())[:2], 1):
            shutil.copy(photo, made.photos / label / f"{number}.jpg")
            write_clip(made.clips / label / f"{number}.mp4", panned(photo), **X264)
    shutil.copy(max((drawn / "photos/five").iterdir()), made.photo)
    write_clip(made.clip, panned(made.photo), **X264)
    write_clip(made.streamed, panned(made.photo), muxer={"movflags": "faststart"}, **X264)
    return made


@dataclass
class Stage:
    """A data folder with good files, the stage over it, and what came of it.

    Attributes:
        root: where everything lies; the data is in its folder `data`.
        kind: of the data.
        names: of the good files.
        error: the line that it stopped with, or empty.
        text: the report for the terminal.
        printed: what else came out on stdout and stderr.
        poses: of the keypoint table, by path.
        report: report.json.
        rows: of files.csv.
    """

    root: Path
    kind: Kind
    good: Good
    output: pytest.CaptureFixture[str]
    error: str = ""
    text: str = ""
    printed: str = ""
    poses: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.copytree(self.good.photos if self.kind == "pose" else self.good.clips, self.data)
        suffix = "jpg" if self.kind == "pose" else "mp4"
        self.names = [f"{label}/{number}.{suffix}" for label in ("five", "one") for number in (1, 2)]

    @property
    def data(self) -> Path:
        return self.root / "data"

    def run(self, source: config.Source | None = None) -> "Stage":
        source = source or LabeledDirectories(path=str(self.data), groups=NO_GROUPS)
        table, folder = self.root / "out/joints.parquet", self.root / "out/report"
        self.output.readouterr()
        try:
            cache = Workspace.here().keypoint_cache
            self.text = extract_keypoints(source, SETTINGS, self.kind, table, folder, cache).as_text()
        except DataError as error:
            self.error = str(error)
        printed = "".join(self.output.readouterr())
        pieces = re.split(r"[\r\n]", printed.replace("\x1b[A", ""))
        self.printed = "\n".join(
            piece for piece in pieces if not re.match(r"(look up in cache|extract_keypoints \w+): |$", piece)
        )
        left = {path.relative_to(self.root / "out").as_posix() for path in (self.root / "out").rglob("*")}
        if (folder / "report.json").exists():
            self.report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        if table.exists():
            read = keypoint_table.read(table)
            paths = read.column("path").to_pylist()
            poses = keypoint_table.poses_of(read)
            self.poses = {path: poses[[path == other for other in paths]] for path in dict.fromkeys(paths)}
            with (folder / "files.csv").open(newline="", encoding="utf-8") as file:
                self.rows = list(csv.DictReader(file))
            assert left == {"joints.parquet", "report", *(f"report/{name}" for name in REPORT_FILES)}
        else:
            assert left <= {"report", *(f"report/{name}" for name in REPORT_FILES)}
        assert {path.name for path in self.root.iterdir()} <= {"data", "out", "outside"}
        return self

    def lines(self) -> list[tuple[str, str]]:
        """(where it is in the report, the line) of everything that the report remarks."""
        report = self.report
        return [
            *(("unreadable", line) for line in report["unreadable"].values()),
            *(("skipped", line) for line in report["skipped"]),
            *(("warnings", f"{name}: {line}") for line, names in report["warnings"].items() for name in names),
            *(("notes", line) for line in report["notes"]),
        ]

    def check_good(self) -> None:
        """The good files are in the table, each frame with a hand, and nothing but the report was said."""
        assert self.error == ""
        for name in self.names:
            assert len(self.poses[name]) == (FRAMES if name.endswith(".mp4") else 1), name
            assert present(self.poses[name]).all(), name
        assert self.printed == ""
        assert "Traceback" not in self.text

    def check_remark(self, where: str, *words: str) -> None:
        """One remark, in one line that has these words, in the report and in the terminal."""
        self.check_good()
        ((place, line),) = self.lines()
        assert place == where, line
        assert line.isprintable()
        assert all(word in line for word in words), line
        assert f"  {line}" in self.text.splitlines()

    def check_accepted(self, *more: str) -> None:
        """Nothing to remark: the good files and these are in the table, each frame with a hand, and no others."""
        self.check_good()
        assert self.lines() == [] and self.report["without_hand"] == []
        assert set(self.poses) == {*self.names, *more}
        assert all(present(poses).all() for poses in self.poses.values())

    def check_refused(self, *words: str) -> None:
        """It stopped with one line that has these words, and without a table."""
        assert self.error.isprintable() and self.error != ""
        assert all(word in self.error for word in words), self.error
        assert self.printed == "" and self.poses == {}


@pytest.fixture
def photos(good: Good, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, "pose", good, capfd)


@pytest.fixture
def clips(good: Good, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, "action", good, capfd)


@contextmanager
def rights_of_an_ordinary_user() -> Iterator[None]:
    """Root reads what it has no permission for; within, it does not. Anybody else never does."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # Linux's third version; this thread
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, rights) == 0
    before = rights[0]
    rights[0] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, rights) == 0
    try:
        yield
    finally:
        rights[0] = before
        assert libc.capset(header, rights) == 0


# Writes a file into the data folder, given its path and the good files.
Write = Callable[[Path, Good], object]


def copied(attribute: str, part: float = 1.0) -> Write:
    """A good file, or the first part of it."""

    def write(path: Path, good: Good) -> None:
        content = getattr(good, attribute).read_bytes()
        path.write_bytes(content[: int(part * len(content))])

    return write


def saved(part: float = 1.0, **how: Any) -> Write:
    """The photo in another format, or the first part of it."""

    def write(path: Path, good: Good) -> None:
        with Image.open(good.photo) as image:
            image.save(path, **how)
        path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])

    return write


def heic(part: float = 1.0) -> Write:
    def write(path: Path, good: Good) -> None:
        with Image.open(good.photo) as image:
            pillow_heif.from_pillow(image).save(path)
        path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])

    return write


def text(content: str | bytes) -> Write:
    raw = content.encode() if isinstance(content, str) else content
    return lambda path, good: path.write_bytes(raw)


def plain(width: int, height: int) -> Write:
    return lambda path, good: Image.new("RGB", (width, height), (90, 120, 150)).save(path)


def bomb(path: Path, good: Good) -> None:
    """A PNG of a few bytes whose header says 900 megapixels."""
    size = (30_000).to_bytes(4, "big")
    chunks = (b"IHDR" + size + size + b"\x08\x02\x00\x00\x00", b"IDAT" + zlib.compress(bytes(10_000)), b"IEND")
    content = b"\x89PNG\r\n\x1a\n"
    for chunk in chunks:
        content += (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    path.write_bytes(content)


def archive(path: Path, good: Good) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.write(good.photo)


def link_out(path: Path, good: Good) -> None:
    outside = path.parents[2] / "outside"
    outside.mkdir()
    path.symlink_to(shutil.copy(good.photo if path.suffix == ".jpg" else good.clip, outside))


def locked(path: Path, good: Good) -> None:
    shutil.copy(good.photo if path.suffix == ".jpg" else good.clip, path)
    path.chmod(0)


PDF = "%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\n'

# name inside the class folder, how it is written, where the report has the line, and what the line says
Bad = tuple[str, Write, str, *tuple[str, ...]]
BAD_PHOTOS: dict[str, Bad] = {
    "zero bytes": ("bad.jpg", text(""), "unreadable", "empty file", "copy it again or remove it"),
    "truncated JPEG": ("bad.jpg", copied("photo", 0.5), "unreadable", "truncated", "copy it again or remove it"),
    "truncated PNG": ("bad.png", saved(0.5), "unreadable", "not a readable picture", "copy it again or remove it"),
    "truncated HEIC": ("bad.heic", heic(0.5), "unreadable", "not a readable picture", "copy it again or remove it"),
    "beginning of a JPEG": ("bad.jpg", copied("photo", 0.01), "unreadable", "not a readable picture", "copy it again"),
    "text": ("bad.jpg", text("not a picture\n"), "unreadable", "but text", "save it as JPEG or remove it"),
    "text for a picture": ("notes.jpg", text("bob, left\n"), "unreadable", "but text", "remove it"),
    "PDF": ("bad.pdf", text(PDF), "unreadable", "but a PDF", "save it as JPEG or remove it"),
    "SVG": ("bad.svg", text(SVG), "unreadable", "but an SVG drawing", "save it as JPEG or remove it"),
    "ZIP": ("bad.zip", archive, "unreadable", "but a ZIP archive", "remove it"),
    "bomb": ("bad.png", bomb, "unreadable", "900 megapixels, more than 256", "scale it down"),
    "1 x 1": ("bad.png", plain(1, 1), "unreadable", "1 x 1 pixels, too small", "remove it"),
    "a video": ("bad.mp4", copied("clip"), "unreadable", "but a video", "learned from pictures"),
    "no permission": ("bad.jpg", locked, "unreadable", "no permission to read it", "use chmod"),
    "broken link": (
        "bad.jpg",
        lambda path, good: path.symlink_to("gone.jpg"),
        "skipped",
        "leads nowhere",
        "remove or correct it",
    ),
    "link out": ("bad.jpg", link_out, "skipped", "lies outside", "copy it in, or set data.pose.follow_links to true"),
    "link to a good one": ("bad.jpg", lambda path, good: path.symlink_to("1.jpg"), "skipped", "remove one of them"),
    "FIFO": ("bad.jpg", lambda path, good: os.mkfifo(path), "skipped", "neither a file nor a folder", "remove it"),
    "copy of a good one": (
        "bad.jpg",
        lambda path, good: shutil.copy(good.photos / "five/1.jpg", path),
        "notes",
        "five/1.jpg: the same content",
        "remove the copies",
    ),
}


@pytest.mark.parametrize(
    ("name", "write", "where", "words"), [(n, w, p, t) for n, w, p, *t in BAD_PHOTOS.values()], ids=BAD_PHOTOS
)
def test_a_bad_photo_has_one_line_and_the_good_ones_are_used(
    photos: Stage, name: str, write: Write, where: str, words: list[str]
) -> None:
    write(photos.data / "five" / name, photos.good)
    with rights_of_an_ordinary_user() if write is locked else nullcontext():
        photos.run()
    photos.check_remark(where, name, *words)


def with_frames(**how: Any) -> Write:
    """A clip of the hand, encoded in a way that is not usual."""
    return lambda path, good: write_clip(path, panned(good.photo), **{**X264, **how})


def empty_clip(path: Path, good: Good) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()


def twice(path: Path, good: Good) -> None:
    """Two recordings one after the other: the clock goes back in the middle."""
    content = write_clip(path, panned(good.photo), **X264).read_bytes()
    path.write_bytes(content + content)


STEPS = [round(number * 1000 / 30) for number in range(FRAMES)]
BAD_CLIPS: dict[str, Bad] = {
    "zero bytes": ("bad.mp4", text(""), "unreadable", "empty file", "copy it again or remove it"),
    "text": ("bad.mp4", text("not a clip\n"), "unreadable", "it is text", "copy it again or remove it"),
    "PDF": ("bad.mp4", text(PDF), "unreadable", "it is a PDF", "remove it"),
    "zeros": ("bad.mp4", text(bytes(5000)), "unreadable", "not a readable video", "copy it again or remove it"),
    "truncated, index at the end": ("bad.mp4", copied("clip", 0.6), "unreadable", "readable video", "copy it again"),
    "truncated, index in front": (
        "bad.mp4",
        copied("streamed", 0.6),
        "warnings",
        "broken after 0.",
        " s of 0.4 s: only the part before is used",
    ),
    "a photo": ("bad.jpg", copied("photo"), "unreadable", "it is a picture, not a video", "learned from videos"),
    "no frames": ("bad.mp4", empty_clip, "unreadable", "not a readable video", "copy it again or remove it"),
    "no frames in AVI": ("bad.avi", empty_clip, "unreadable", "no frame in it", "copy it again or remove it"),
    "time stamps that go back": ("bad.ts", twice, "warnings", "broken after 0.", ": only the part before is used"),
    "sound only": ("bad.mp4", lambda path, good: write_sound(path), "unreadable", "no video in it", "remove it"),
    "endless time stamps": (
        "bad.mkv",
        with_frames(stamps=[*STEPS[:-1], 9_000_000]),
        "unreadable",
        "time stamps jump from",
        "s to 9000 s",
        "re-encode it or cut it",
    ),
    "slower than the target": (
        "bad.mp4",
        with_frames(rate=12),
        "unreadable",
        "12 frames/s, fewer than",
        "extract_keypoints.target_frame_rate (30); lower that, or set extract_keypoints.accept_slow_clips to true",
    ),
    "no permission": ("bad.mp4", locked, "unreadable", "no permission to read it", "use chmod"),
    "broken link": (
        "bad.mp4",
        lambda path, good: path.symlink_to("gone.mp4"),
        "skipped",
        "leads nowhere",
        "remove or correct it",
    ),
    "link out": ("bad.mp4", link_out, "skipped", "lies outside", "copy it in, or set data.action.follow_links to true"),
    "FIFO": ("bad.mp4", lambda path, good: os.mkfifo(path), "skipped", "neither a file nor a folder", "remove it"),
    "copy of a good one": (
        "bad.mp4",
        lambda path, good: shutil.copy(good.clips / "five/1.mp4", path),
        "notes",
        "five/1.mp4: the same content",
        "remove the copies",
    ),
}


@pytest.mark.parametrize(
    ("name", "write", "where", "words"), [(n, w, p, t) for n, w, p, *t in BAD_CLIPS.values()], ids=BAD_CLIPS
)
def test_a_bad_clip_has_one_line_and_the_good_ones_are_used(
    clips: Stage, name: str, write: Write, where: str, words: list[str]
) -> None:
    write(clips.data / "five" / name, clips.good)
    with rights_of_an_ordinary_user() if write is locked else nullcontext():
        clips.run()
    clips.check_remark(where, name, *words)


def test_time_stamps_that_begin_before_zero_mean_nothing(clips: Stage) -> None:
    pictures = panned(clips.good.photo)
    for name, first in (("five/plain.ts", 0), ("five/negative.ts", -5000)):
        stamps = [first + step for step in STEPS]
        muxer = {"avoid_negative_ts": "disabled"}
        write_clip(clips.data / name, pictures, stamps=stamps, muxer=muxer, **X264)
    clips.run().check_accepted("five/plain.ts", "five/negative.ts")
    np.testing.assert_array_equal(clips.poses["five/negative.ts"], clips.poses["five/plain.ts"])
    assert len(clips.poses["five/plain.ts"]) == FRAMES


def sixteen_bits(path: Path, good: Good) -> None:
    with Image.open(good.photo) as image:
        Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257).save(path)


def four_inks(path: Path, good: Good) -> None:
    with Image.open(good.photo) as image:
        image.convert("CMYK").save(path)


def animation(path: Path, good: Good) -> None:
    with Image.open(good.photo) as image:
        image.save(path, save_all=True, append_images=[image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])


ACCEPTED_PHOTOS: dict[str, tuple[str, Write]] = {
    "spaces": ("my left hand .jpg", copied("photo")),
    "emoji": ("\U0001f44b\U0001f3fd.jpg", copied("photo")),
    "line break": ("a\nb.jpg", copied("photo")),
    "terminal's control": ("a\x1b[31mb.jpg", copied("photo")),
    "quotes and commas": ('a","b;\'.jpg', copied("photo")),
    "no suffix": ("hand", copied("photo")),
    "another suffix": ("hand.png", copied("photo")),
    "255 bytes": ("x" * 251 + ".jpg", copied("photo")),
    "nested folders": ("ann/monday/1.jpg", copied("photo")),
    "a folder called like a photo": ("a.jpg/1.jpg", copied("photo")),
    "PNG": ("hand.png", saved()),
    "HEIC": ("hand.heic", heic()),
    "16 bits of grey": ("hand.png", sixteen_bits),
    "CMYK": ("hand.jpg", four_inks),
    "GIF animation": ("hand.gif", animation),
}


@pytest.mark.parametrize(("name", "write"), ACCEPTED_PHOTOS.values(), ids=ACCEPTED_PHOTOS)
def test_an_odd_photo_is_used_like_the_others(photos: Stage, name: str, write: Write) -> None:
    path = photos.data / "five" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, photos.good)
    photos.run().check_accepted(f"five/{name}")
    assert f"five/{name}" in [row["name"] for row in photos.rows]


@pytest.mark.parametrize("name", ["a b \U0001f44b.jpg", "a\nb.jpg", "a\x1b[31mb.jpg", 'a","b;\'.jpg'])
def test_a_bad_photo_of_an_odd_name_has_one_line(photos: Stage, name: str) -> None:
    (photos.data / "five" / name).touch()
    photos.run().check_remark("unreadable", "empty file", "copy it again")
    assert list(photos.report["unreadable"]) == [f"five/{name}"]
    (row,) = [row for row in photos.rows if row["problem"]]
    assert row["name"] == f"five/{name}" and row["problem"] == photos.report["unreadable"][row["name"]]


def test_a_name_that_is_not_utf_8_has_one_line(photos: Stage) -> None:
    name = os.fsencode(photos.data / "five") + b"/bad\xff\xfe.jpg"
    shutil.copy(photos.good.photo, os.fsdecode(name))
    photos.run().check_remark("skipped", "bad\\udcff\\udcfe.jpg", "not UTF-8", "rename it")
    assert photos.text.encode()
    (row,) = [row for row in photos.rows if row["problem"]]
    assert row["name"] == "five/bad\\udcff\\udcfe.jpg"


@pytest.mark.parametrize("name", [".DS_Store", "._1.jpg", "Thumbs.db", ".sync/1.jpg", "notes.txt"])
def test_what_file_managers_leave_is_passed_over_and_counted(photos: Stage, name: str) -> None:
    path = photos.data / "five" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"whatever")
    photos.run().check_remark("notes", "1 ", " passed over (")
    assert set(photos.poses) == set(photos.names)


@pytest.mark.parametrize("size", [(16, 20_000), (20_000, 16)])
def test_a_photo_of_an_extreme_shape_is_read_and_has_no_hand(photos: Stage, size: tuple[int, int]) -> None:
    plain(*size)(photos.data / "five/long.png", photos.good)
    photos.run().check_good()
    assert photos.lines() == [] and photos.report["without_hand"] == ["five/long.png"]
    assert "no hand found in 1 file, the first: five/long.png; see " in photos.text
    assert (photos.poses["five/long.png"] == 0).all()


def test_the_same_photo_in_two_classes_is_left_out_of_both(photos: Stage) -> None:
    for label in ("five", "one"):
        shutil.copy(photos.good.photo, photos.data / label / "same.jpg")
    photos.run().check_good()
    assert photos.lines() == [
        (
            "skipped",
            f"{here}/same.jpg: in class '{here}', and the same content is in class '{there}' as {there}/same.jpg;"
            " remove one of them",
        )
        for here, there in (("five", "one"), ("one", "five"))
    ]
    assert all(f"  {line}" in photos.text.splitlines() for _, line in photos.lines())
    assert set(photos.poses) == set(photos.names)


def labelled(label: str) -> Write:
    """A class folder of this name with two photos in it."""

    def write(data: Path, good: Good) -> None:
        (data / label).mkdir()
        for number in (1, 2):
            with Image.open(good.photo) as image:
                image.rotate(number).save(data / label / f"{number}.png")

    return write


BAD_FOLDERS: dict[str, tuple[Write, str, *tuple[str, ...]]] = {
    "class without files": (lambda data, good: (data / "wall").mkdir(), "notes", "data/wall: no files", "passed over"),
    "file outside the classes": (
        lambda data, good: shutil.copy(good.photo, data / "stray.jpg"),
        "notes",
        "1 files outside the class folders ignored (the first: stray.jpg)",
    ),
    "label of 500 characters": (labelled("x" * 120), "skipped", "a label of 120 characters", "rename the folder"),
    "control character in the label": (labelled("a\nb"), "skipped", "a\\nb: ", "remove them: rename the folder"),
    "broken link to a class": (
        lambda data, good: (data / "wall").symlink_to("gone"),
        "skipped",
        "remove or correct it",
    ),
    "link to another folder": (
        lambda data, good: (data / "wall").symlink_to(good.photos),
        "skipped",
        "lies outside",
        "copy it in, or set data.pose.follow_links to true",
    ),
    "link to itself": (lambda data, good: (data / "five/again").symlink_to("."), "skipped", "remove the link"),
}


@pytest.mark.parametrize(("write", "where", "words"), [(w, p, t) for w, p, *t in BAD_FOLDERS.values()], ids=BAD_FOLDERS)
def test_a_bad_folder_has_one_line(photos: Stage, write: Write, where: str, words: list[str]) -> None:
    write(photos.data, photos.good)
    photos.run().check_remark(where, *words)
    assert set(photos.poses) == set(photos.names)


def test_a_class_that_is_a_number_is_a_class(photos: Stage) -> None:
    labelled("7")(photos.data, photos.good)
    photos.run().check_accepted("7/1.png", "7/2.png")


def test_a_class_of_one_file_stops_the_stage(photos: Stage) -> None:
    (photos.data / "two").mkdir()
    shutil.copy(photos.good.photo, photos.data / "two")
    photos.run().check_refused("one example of the class 'two'", "a class needs at least two examples")


def test_a_class_of_bad_files_only_stops_the_stage(photos: Stage) -> None:
    (photos.data / "two").mkdir()
    for number in (1, 2):
        (photos.data / f"two/{number}.jpg").touch()
    photos.run().check_refused("class 'two': none of its 2 files could be used", "1.jpg: empty file; copy it again")
    assert list(photos.report["unreadable"]) == ["two/1.jpg", "two/2.jpg"]


def test_a_bad_photo_of_a_joined_source_has_its_member_before_its_name(photos: Stage) -> None:
    (photos.data / "five/bad.jpg").touch()
    member = LabeledDirectories(path=str(photos.data), groups=NO_GROUPS)
    photos.names = [f"studio/{name}" for name in photos.names]
    photos.run(config.JoinedPose(sources={"studio": member})).check_remark("unreadable", "bad.jpg: empty file")
    assert list(photos.report["unreadable"]) == ["studio/five/bad.jpg"]


# Annotation files


def annotated(stage: Stage, rows: list[str], columns: str = "image,label", start: str = "") -> config.Source:
    """Rows for the good files, then these rows."""
    outside = stage.root / "outside"
    outside.mkdir(exist_ok=True)
    table = outside / "labels.csv"
    separator = ";" if ";" in columns else ","
    lines = [columns, *(f"{name}{separator}{name.split('/')[0]}{start}" for name in stage.names), *rows]
    table.write_bytes("\n".join([*lines, ""]).encode())
    if stage.kind == "pose":
        return config.DirectoryWithImagesAndAnnotation(
            path=str(stage.data), annotation_file=str(table), groups=NO_GROUPS
        )
    return config.DirectoryWithVideosAndAnnotation(
        path=str(stage.data),
        annotation_file=str(table),
        groups=NO_GROUPS,
        start_time_column="start" if start else "",
        end_time_column="end" if start else "",
    )


def prepared(stage: Stage) -> None:
    """What rows below name."""
    shutil.copy(stage.good.photo, stage.data / "more.jpg")
    shutil.copy(stage.good.photo, stage.root / "outside")
    (stage.data / "empty.jpg").touch()
    (stage.data / "out.jpg").symlink_to(stage.root / "outside/more.jpg")
    (stage.data / "folder.jpg").mkdir()
    os.mkfifo(stage.data / "pipe.jpg")


# one row of a table, where the report has its line, and what the line says
BAD_ROWS = {
    "path with ..": ("five/../../outside/more.jpg,five", "skipped", "has '..' in it; write its path inside"),
    "absolute path": ("/etc/hostname,five", "skipped", "/etc/hostname lies outside", "copy it in"),
    "link out": ("out.jpg,five", "skipped", "out.jpg lies outside", "copy it in, or set data.pose.follow_links"),
    "missing file": ("gone.jpg,five", "skipped", "gone.jpg: no such file", "correct the path or remove the row"),
    "folder called like a photo": ("folder.jpg,five", "skipped", "folder.jpg is a folder; name a file"),
    "FIFO": ("pipe.jpg,five", "skipped", "pipe.jpg is not a file; name one"),
    "no path": (",five", "skipped", "names no file"),
    "empty label": ("more.jpg,", "skipped", "no label; give it one"),
    "label of 500 characters": (f"more.jpg,{'x' * 500}", "skipped", "a label of 500 characters; use at most 100"),
    "control character in the label": ("more.jpg,fi\x07ve", "skipped", "control characters; remove them"),
    "too many cells": ("more.jpg,five,left", "skipped", "3 cells, but 2 columns; put quotes around"),
    "row twice": ("five/1.jpg,five", "skipped", "repeats row 2; remove one of the two"),
}


@pytest.mark.parametrize(("row", "where", "words"), [(r, p, t) for r, p, *t in BAD_ROWS.values()], ids=BAD_ROWS)
def test_a_bad_row_has_one_line_and_the_good_ones_are_used(
    photos: Stage, row: str, where: str, words: list[str]
) -> None:
    source = annotated(photos, [row])
    prepared(photos)
    photos.run(source).check_remark(where, "labels.csv row 6: ", *words)
    assert set(photos.poses) == set(photos.names)


def test_a_bad_photo_in_a_table_has_one_line(photos: Stage) -> None:
    source = annotated(photos, ["empty.jpg,five"])
    prepared(photos)
    photos.run(source).check_remark("unreadable", "empty.jpg: empty file", "copy it again or remove it")


def test_a_photo_of_two_labels_is_left_out(photos: Stage) -> None:
    source = annotated(photos, ["more.jpg,five", "more.jpg,one"])
    prepared(photos)
    photos.run(source).check_good()
    lines = [line.split("labels.csv ")[1] for place, line in photos.lines() if place == "skipped"]
    assert lines == [
        "row 6: more.jpg is 'five' here and 'one' in row 7; keep the right one",
        "row 7: more.jpg is 'one' here and 'five' in row 6; keep the right one",
    ]
    assert set(photos.poses) == set(photos.names)


@pytest.mark.parametrize("columns", ["\ufeffimage,label", "image , label", "\ufeffimage,label,"])
def test_what_spreadsheets_add_is_no_matter(photos: Stage, columns: str) -> None:
    photos.run(annotated(photos, [], columns)).check_accepted()


def test_semicolons_are_taken_and_told(photos: Stage) -> None:
    photos.run(annotated(photos, [], "image;label")).check_remark("notes", "labels.csv: ", "separated by semicolons")


def test_labels_that_are_numbers_are_taken_and_told(photos: Stage) -> None:
    source = annotated(photos, ["more.jpg,7", "other.png,7"])
    prepared(photos)
    saved()(photos.data / "other.png", photos.good)
    photos.run(source).check_remark("notes", "labels.csv: labels are numbers (7): used as text")
    assert set(photos.poses) == {*photos.names, "more.jpg", "other.png"}


REFUSED = {
    "missing column": ("file,label", "labels.csv: no column 'image'; it has file, label: set data.pose.image_column"),
    "missing label column": ("image,class", "no column 'label'; it has image, class: set data.pose.label_column"),
    "two columns of one name": ("image,label,label", "2 columns are called 'label'; rename all but one"),
}


@pytest.mark.parametrize(("columns", "words"), REFUSED.values(), ids=REFUSED)
def test_a_table_without_its_columns_stops_the_stage(photos: Stage, columns: str, words: str) -> None:
    photos.run(annotated(photos, [], columns)).check_refused(words)


BAD_TIMES = {
    "start after end": ("0.3,0.1", "skipped", "it starts at 0.3 s and ends at 0.1 s; the end has to be later"),
    "no start where others have one": (",0.2", "skipped", "no start time", "write it in every row or in none"),
    "no end where others have one": ("0.1,", "skipped", "no end time", "write it in every row or in none"),
    "negative start": ("-1,0.2", "skipped", "the time -1 is negative; times count from the video's beginning"),
    "no time": ("0,soon", "skipped", "'soon' is no time; write seconds, mm:ss or hh:mm:ss"),
    "after the clip's end": (
        "5,6",
        "unreadable",
        "starts at 5 s",
        "the clip's last frame is at 0.3",
        "correct its label",
    ),
    "end after the clip's end": ("0.1,9", "warnings", "the labelled interval ends at 9 s, after the clip (0.4 s)"),
}


@pytest.mark.parametrize(("times", "where", "words"), [(r, p, t) for r, p, *t in BAD_TIMES.values()], ids=BAD_TIMES)
def test_a_row_with_bad_times_has_one_line_and_the_good_ones_are_used(
    clips: Stage, times: str, where: str, words: list[str]
) -> None:
    shutil.copy(clips.good.clip, clips.data / "more.mp4")
    source = annotated(clips, [f"more.mp4,five,{times}"], "video,label,start,end", ",0,0.4")
    clips.run(source).check_remark(where, "more.mp4" if where != "skipped" else "labels.csv row 6: ", *words)


# Joints that were found before

HAND = np.linspace(0.1, 0.9, 63).tolist()
JOINTS = {
    "NaN": (
        {"keypoints": [np.nan, *HAND[1:]]},
        "number 1 is missing or not a finite number; correct it or remove the row",
    ),
    "infinite": (
        {"keypoints": [*HAND[:-1], np.inf]},
        "number 63 is missing or not a finite number; correct it or remove",
    ),
    "20 joints": ({"keypoints": HAND[:60]}, "numbers of shape [60], but 21 joints of xy_confidence are [3, 21] or 63"),
    "no joints": ({"keypoints": None}, "numbers of shape []"),
    "texts": ({"keypoints": ["a"] * 63}, "no list of numbers", "correct the row"),
    "confidence above 1": ({"keypoints": [*HAND[:42], *[7.0] * 21]}, "a confidence outside 0 to 1"),
    "empty label": ({"label": ""}, "no label; give it one"),
    "label of 500 characters": ({"label": "x" * 500}, "a label of 500 characters; use at most 100"),
    "control character in the label": ({"label": "fi\x07ve"}, "control characters; remove them"),
    "no session id": ({"session_id": ""}, "no session id; give it one"),
}


def joints(stage: Stage, rows: list[dict[str, Any]], suffix: str = "json") -> config.Source:
    """A table of two good sessions a class, of one row each, and these rows."""
    outside = stage.root / "outside"
    outside.mkdir()
    sessions = [(f"{label}{number}", label) for label in ("five", "one") for number in (1, 2)]
    stage.names = [f"joints.{suffix}/{session}" for session, _ in sessions]
    table = [{"session_id": session, "label": label, "keypoints": HAND} for session, label in sessions]
    table += [{"session_id": "bad", "label": "five", "keypoints": HAND} | row for row in rows]
    path = outside / f"joints.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps(table))
    else:
        pd.DataFrame(table).to_parquet(path)
    return config.LabeledKeypointsDataFrame(
        data_frame=str(path), origin="lower_left", axis_order="channel_joint", channels="xy_confidence"
    )


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        pytest.param(kind, row, words, id=f"{name}-{kind}")
        for kind in ("pose", "action")
        for name, (row, *words) in JOINTS.items()
        if (kind, name) != ("action", "no joints")  # a frame without a hand
    ],
)
def test_bad_joints_have_one_line_and_the_good_ones_are_used(
    photos: Stage, kind: Kind, row: dict[str, Any], words: list[str]
) -> None:
    photos.kind = kind
    photos.run(joints(photos, [row])).check_remark("skipped", "joints.json ", *words)
    assert set(photos.poses) == set(photos.names)


def test_joints_whose_labels_are_numbers_are_taken_and_told(photos: Stage) -> None:
    rows = [{"session_id": f"seven{number}", "label": "7"} for number in (1, 2)]
    photos.run(joints(photos, rows, "parquet")).check_remark("notes", "joints.parquet: labels are numbers (7): used")
    assert "joints.parquet/seven1" in photos.poses
