"""Raw photos and TIFFs that open with a preview: never the thumbnail, whatever the name."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from quadrants import BLUE, RED, assert_upright, one_line_error, upright
from raw_files import write_dng

from handloom.media.photos import read_photo


def tiff_with_preview(path: Path, *, dng: bool, marked: bool = True, **how: Any) -> Path:
    """What scanners and raw converters write: a small page that says it is a preview, then the picture."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if marked:
        tags[254] = 1
    if dng:
        tags.tagtype[50706] = 1
        tags[50706] = b"\1\4\0\0"
    picture = Image.fromarray(upright(300, 200))
    grey = Image.new("RGB", (48, 32), (128, 128, 128))
    grey.save(path, "TIFF", tiffinfo=tags, save_all=True, append_images=[picture], **how)
    return path


@pytest.mark.parametrize("name", ["a.dng", "a.jpg", "a.tif", "a.NEF"])
@pytest.mark.parametrize("dng", [True, False])
@pytest.mark.parametrize(("orientation", "rotation"), [(1, 0), (6, 90)])
def test_what_the_sensor_saw_is_developed_and_upright(
    tmp_path: Path, name: str, dng: bool, orientation: int, rotation: int
) -> None:
    pytest.importorskip("rawpy", reason="the extra 'raw' is not installed")
    stored = np.rot90(upright(320, 240)) if orientation == 6 else upright(320, 240)
    frame = read_photo(write_dng(tmp_path / name, np.ascontiguousarray(stored), orientation, dng), largest_side=100)
    assert frame.picture.shape == (75, 100, 3)
    assert (frame.width, frame.height, frame.rotation) == (320, 240, rotation)
    assert_upright(frame.picture, tolerance=80)  # white balance and brightness are the developer's


@pytest.mark.parametrize("dng", [True, False])
def test_without_the_library_a_raw_photo_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dng: bool
) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    text = one_line_error(lambda: read_photo(write_dng(tmp_path / "a.tif", upright(), dng=dng), 1280))
    assert text.startswith("a.tif: a raw photo of a camera; ") and text.endswith("pip install 'handloom[raw]'")


@pytest.mark.parametrize(
    "beginning",
    [
        *(b"IIRO\x08\0\0\0", b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08", b"IIU\0\x08\0\0\0", b"FUJIFILMCCD-RAW 0201"),
        *(b"FOVb\0\0\2\0", b"\0MRM\0\0\0\0", b"II\x1a\0\0\0HEAPCCDR", b"\0\0\0\x18ftypcrx \0\0\0\1"),
        *(b"II*\0\x10\0\0\0CR\2\0", b"II*\0\x08\0\0\0IIII"),
    ],
)
def test_raw_formats_that_cannot_be_developed_are_named_as_such(tmp_path: Path, beginning: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(beginning + bytes(500))
    text = one_line_error(lambda: read_photo(tmp_path / "a.jpg", 1280))
    assert text.startswith("a.jpg: ") and "raw photo" in text and "export it as JPEG" in text


@pytest.mark.parametrize("big", [False, True])
def test_a_dng_that_cannot_be_developed_is_no_thumbnail(tmp_path: Path, big: bool) -> None:
    text = one_line_error(lambda: read_photo(tiff_with_preview(tmp_path / "a.dng", dng=True, big_tiff=big), 1280))
    assert "raw photo" in text and "export it as JPEG" in text


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_whose_first_page_is_small_is_refused_where_nothing_says_which_page_is_the_photo(
    tmp_path: Path, big: bool
) -> None:
    path = tiff_with_preview(tmp_path / "a.tif", dng=False, marked=False, big_tiff=big)
    text = one_line_error(lambda: read_photo(path, 1280))
    assert text == "a.tif: a TIFF whose first page is much smaller than another; save the page with the photo as JPEG"


@pytest.mark.parametrize("big", [False, True])
def test_of_a_tiff_the_picture_is_read_and_not_the_preview_before_it(tmp_path: Path, big: bool) -> None:
    frame = read_photo(tiff_with_preview(tmp_path / "a.tif", dng=False, big_tiff=big), 1280)
    assert (frame.width, frame.height) == (300, 200)
    assert_upright(frame.picture)


def test_of_a_tiff_with_several_pages_the_first_is_read(tmp_path: Path) -> None:
    pages = [Image.new("RGB", (64, 48), colour) for colour in (RED, BLUE)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert np.abs(read_photo(tmp_path / "a.tif", 1280).picture.astype(int) - RED).max() == 0


@pytest.mark.parametrize("count", [0, 1, 9, 65535])
@pytest.mark.parametrize("offset", [0, 8, 2**32 - 1])
def test_directories_that_lie_end(tmp_path: Path, count: int, offset: int) -> None:
    entries = b"\x4a\x01\x04\0\xff\xff\xff\xff\x08\0\0\0" * 9 + (8).to_bytes(4, "little")  # directories in themselves
    head = b"II*\0" + offset.to_bytes(4, "little") + count.to_bytes(2, "little")
    (tmp_path / "a.tif").write_bytes(head + entries)
    one_line_error(lambda: read_photo(tmp_path / "a.tif", 1280))


def test_the_primary_picture_of_a_heic_is_read(tmp_path: Path) -> None:
    import pillow_heif

    file = pillow_heif.HeifFile()
    for colour in (BLUE, RED):
        file.add_from_pillow(Image.new("RGB", (64, 48), colour))
    file.save(tmp_path / "a.heic", primary_index=1, quality=90)
    assert np.abs(read_photo(tmp_path / "a.heic", 1280).picture.astype(int) - RED).max() < 20
