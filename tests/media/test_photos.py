"""Photos: upright RGB whatever the file, and one line that names the file that cannot be read."""

import os
import random
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image
from quadrants import BLUE, HEIGHT, RED, WIDTH, assert_upright, one_line_error, upright

from handloom.errors import DataError, printable
from handloom.media.photos import SMALLEST_SIDE, read_photo
from handloom.media.plain_rgb import BACKGROUND

EXIF_ORIENTATION = 0x0112

# EXIF orientation -> what a camera stores so that the orientation turns it upright: the inverse of each turn
STORED: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda picture: picture,
    2: np.fliplr,
    3: lambda picture: np.rot90(picture, 2),
    4: np.flipud,
    5: lambda picture: picture.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda picture: np.rot90(picture, 2).transpose(1, 0, 2),
    8: lambda picture: np.rot90(picture, -1),
}
DEGREES = {1: 0, 2: 0, 3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}


def noise(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_upright_whatever_their_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"hand.{suffix}"
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright())))
    stored.save(path, exif=exif.tobytes() if suffix == "heic" else exif)
    frame = read_photo(path, largest_side=1280)
    assert frame.picture.shape == (HEIGHT, WIDTH, 3)
    assert_upright(frame.picture)
    assert (frame.width, frame.height, frame.time) == (WIDTH, HEIGHT, 0.0)
    assert frame.rotation == DEGREES[orientation]


@pytest.mark.parametrize("suffix", ["jpg", "png", "heic", "tif"])
def test_large_photos_are_scaled_down_and_their_size_is_told_in_full(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"hand.{suffix}"
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(upright(300, 400)))).save(path, exif=exif.tobytes())
    frame = read_photo(path, largest_side=100)
    assert frame.picture.shape == (100, 75, 3)
    assert (frame.width, frame.height) == (300, 400)
    assert_upright(frame.picture)


def test_small_photos_are_not_scaled_up(tmp_path: Path) -> None:
    Image.fromarray(upright()).save(tmp_path / "hand.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "hand.png", largest_side=1280).picture, upright())


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.1, 4.3, 9.0])
def test_a_jpeg_decoded_at_a_fraction_looks_like_one_decoded_in_full(tmp_path: Path, factor: float) -> None:
    """Never below the asked size, and no jagged edges: compare with the whole picture scaled down at once."""
    side = round(100 * factor)
    rows, columns = np.mgrid[0:side, 0 : side * 3 // 4]
    waves = 128 + 60 * np.sin(rows / side * 20) + 60 * np.cos(columns / side * 15)
    Image.fromarray(waves.astype(np.uint8)).convert("RGB").save(tmp_path / "a.jpg", quality=95)
    frame = read_photo(tmp_path / "a.jpg", largest_side=100)
    assert frame.picture.shape == (100, 75, 3)
    with Image.open(tmp_path / "a.jpg") as image:
        expected = np.asarray(image.resize((75, 100), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(frame.picture.astype(int) - expected).mean() < 2


def test_a_photo_of_200_megapixels_is_read_with_little_memory_and_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "samsung.jpg"
    Image.new("L", (16320, 12240), 90).save(path, quality=50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = read_photo(path, largest_side=640)
    assert (frame.width, frame.height) == (16320, 12240)
    assert frame.picture.shape == (480, 640, 3)
    assert Image.MAX_IMAGE_PIXELS == 89478485, "Pillow's own limit is as it was"


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("RGBA", "png"), ("RGBA", "webp"), ("CMYK", "jpg"), ("CMYK", "tif"), ("P", "png"), ("P", "gif"), ("RGB", "bmp")],
)
def test_colour_modes_become_rgb(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"hand.{suffix}"
    Image.fromarray(upright()).convert(mode).save(path)
    frame = read_photo(path, largest_side=1280)
    assert frame.picture.dtype == np.uint8
    assert frame.picture.shape == (HEIGHT, WIDTH, 3)
    assert_upright(frame.picture)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "1"])
def test_grey_keeps_its_brightness(tmp_path: Path, mode: str, suffix: str) -> None:
    grey = np.linspace(0, 250, WIDTH).astype(np.uint8)[None].repeat(HEIGHT, axis=0)
    if mode == "1":
        grey = (grey > 128).astype(np.uint8) * 255
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) << 8)
        assert image.mode == mode
    else:
        image = Image.fromarray(grey).convert(mode)
    image.save(tmp_path / f"hand.{suffix}")
    frame = read_photo(tmp_path / f"hand.{suffix}", largest_side=1280)
    assert frame.picture.dtype == np.uint8
    np.testing.assert_array_equal(frame.picture, grey[:, :, None].repeat(3, axis=2))


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0, 1e6])
def test_floats_and_wide_integers_are_scaled_by_the_range_they_use(tmp_path: Path, white: float) -> None:
    ramp = np.linspace(0, 1, WIDTH)[None].repeat(HEIGHT, axis=0)
    values = (ramp * white).astype(np.float32)
    values[0, 0] = np.nan
    images = [Image.fromarray(values)]
    if white > 1:
        images.append(Image.fromarray((ramp * white).astype(np.int32)))
    for image in images:
        image.save(tmp_path / "hand.tif")
        row = read_photo(tmp_path / "hand.tif", largest_side=1280).picture[1, :, 0]
        assert np.abs(row - ramp[1] * 255).max() <= 1, image.mode


def test_sixteen_bits_of_colour_become_eight(tmp_path: Path) -> None:
    """A PNG with 16 bits a channel, written by hand: Pillow writes none."""
    wide = upright().astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    chunks = [
        (b"IHDR", WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big") for name, data in chunks
    )
    (tmp_path / "hand.png").write_bytes(content)
    np.testing.assert_array_equal(read_photo(tmp_path / "hand.png", 1280).picture, upright())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_what_is_transparent_shows_the_background(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(upright()).convert("RGBA")
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (WIDTH // 2, 0, WIDTH, HEIGHT))
    picture.putalpha(alpha)
    path = tmp_path / "hand.png"
    if mode == "P":
        flat = Image.fromarray((np.asarray(alpha) == 0).astype(np.uint8))
        flat = flat.convert("P")
        flat.putpalette([*RED, *BLUE])
        flat.save(path, transparency=1)
    elif mode == "PA":
        path = tmp_path / "hand.gif"
        picture.save(path)
    else:
        picture.convert(mode).save(path)
    frame = read_photo(path, 1280)
    assert frame.picture.shape == (HEIGHT, WIDTH, 3)
    assert tuple(frame.picture[HEIGHT // 4, 3 * WIDTH // 4]) == BACKGROUND
    assert tuple(frame.picture[HEIGHT // 4, WIDTH // 4]) != BACKGROUND


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_of_animations_the_first_picture_is_taken(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"hand.{suffix}"
    others = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("green", "white")]
    Image.fromarray(upright()).save(path, save_all=True, append_images=others, duration=100)
    assert_upright(read_photo(path, 1280).picture)


def test_a_jpeg_with_a_second_picture_in_it_is_the_first(tmp_path: Path) -> None:
    """As phones store depth and brightness next to the photo."""
    Image.fromarray(upright()).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[noise()])
    assert_upright(read_photo(tmp_path / "a.jpg", 1280).picture)


def test_an_embedded_thumbnail_is_not_taken_for_the_picture(tmp_path: Path) -> None:
    """Thumbnails are stored at a lower quality, and editors leave them as they were."""
    heif = pillow_heif.from_pillow(noise(640, 480))
    heif.save(tmp_path / "plain.heic", quality=90)
    heif.save(tmp_path / "with.heic", quality=90, thumbnails=[320])
    plain, more = (read_photo(tmp_path / f"{name}.heic", 100) for name in ("plain", "with"))
    assert (more.width, more.height) == (640, 480)
    assert more.picture.shape == (75, 100, 3)
    np.testing.assert_array_equal(plain.picture, more.picture)


# What is no photo


def half(format_name: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        noise(256, 192).save(path, format_name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return write


def video(path: Path) -> None:
    path.write_bytes(bytes.fromhex("00000020") + b"ftypisom" + bytes(300))


def broken_link(path: Path) -> None:
    path.symlink_to(path.with_name("gone.jpg"))


BAD = {
    "zero bytes": (lambda path: path.write_bytes(b""), "empty file"),
    "text": (lambda path: path.write_text("not a picture\n" * 100), "not a readable picture but text; "),
    "half a JPEG": (half("JPEG"), "truncated"),
    "half a PNG": (half("PNG"), "not a readable picture"),
    "half a HEIC": (half("HEIF"), "not a readable picture"),
    "half a WebP": (half("WEBP"), "not a readable picture"),
    "half a BMP": (half("BMP"), "truncated"),
    "half a TIFF": (half("TIFF"), "not a readable picture"),
    "half a GIF": (half("GIF"), "not a readable picture"),
    "bomb": (lambda path: Image.new("1", (20000, 20000)).save(path, "PNG"), "400 megapixels, more than 256; scale"),
    "huge bomb": (lambda path: Image.new("1", (65000, 9000)).save(path, "PNG"), "585 megapixels"),
    "one pixel": (lambda path: Image.new("RGB", (1, 1)).save(path, "PNG"), "1 x 1 pixels, too small to show a hand"),
    "thin": (lambda path: Image.new("RGB", (15, 99)).save(path, "PNG"), f"at least {SMALLEST_SIDE}"),
    "video": (video, "but a video; hand poses are learned from pictures"),
    "PDF": (lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(range(256))), "but a PDF; "),
    "SVG": (lambda path: path.write_text('<?xml version="1.0"?>\n<svg xmlns="x"></svg>'), "but an SVG drawing; "),
    "PostScript": (
        lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n"),
        "not a readable picture but text; ",
    ),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "missing": (lambda path: None, "no such file"),
    "broken link": (broken_link, "a link to a file that is gone"),
    "link to itself": (lambda path: path.symlink_to(path), "cannot be read"),
    "pipe": (os.mkfifo, "a pipe or a device"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a pipe or a device"),
}


@pytest.mark.parametrize(("write", "reason"), BAD.values(), ids=BAD.keys())
def test_what_is_no_photo_is_named(
    tmp_path: Path, write: Callable[[Path], object], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "IMG_1.jpg"
    write(path)
    before = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = one_line_error(lambda: read_photo(path, largest_side=1280))
    assert text.startswith("IMG_1.jpg: ") and reason in text and "; " in text
    assert time.process_time() - before < 2
    assert capfd.readouterr() == ("", "")


def test_a_photo_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "IMG_1.jpg"
    Image.fromarray(upright()).save(path)
    path.chmod(0)
    is_root = os.geteuid() == 0  # whom no permission stops
    try:
        if is_root:
            os.seteuid(65534)
        text = one_line_error(lambda: read_photo(path, 1280))
    finally:
        if is_root:
            os.seteuid(0)
    assert text == "IMG_1.jpg: no permission to read it; use chmod to allow it"


@pytest.mark.parametrize(
    "name", ["a\nb.jpg", "a\x1b[31m.jpg", "a\u2028b.jpg", "a\u202egpj.exe", os.fsdecode(b"\xff.jpg")]
)
def test_names_that_would_break_the_line_are_escaped(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text")
    text = one_line_error(lambda: read_photo(tmp_path / name, 1280))
    assert "\\" in text and text.encode("utf-8")


@pytest.mark.parametrize("name", ["Foto 3.jpg", "手.png", "👩‍🦰👋🏽.heic", "é.tif"])
def test_ordinary_names_are_left_alone(tmp_path: Path, name: str) -> None:
    assert printable(name) == name
    Image.fromarray(upright()).save(tmp_path / name)
    assert_upright(read_photo(tmp_path / name, 1280).picture)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP", "TIFF", "GIF"])
def test_broken_files_are_named_or_read_and_nothing_is_printed(
    tmp_path: Path, format_name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "IMG_1.jpg"
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    noise().save(path, format_name, **({} if format_name in ("BMP", "GIF") else {"exif": exif.tobytes()}))
    content = path.read_bytes()
    chance = random.Random(1)
    variants = [content[: len(content) * part // 20] for part in range(20)]
    for _ in range(50):
        flipped = bytearray(content)
        flipped[chance.randrange(min(len(content), 600) if chance.random() < 0.7 else len(content))] ^= 255
        variants.append(bytes(flipped))
    before = time.process_time()
    for number, variant in enumerate(variants):
        path.write_bytes(variant)
        try:
            frame = read_photo(path, 1280)
            assert number >= 20, "a part of a picture is none"
        except DataError as error:
            assert str(error).startswith("IMG_1.jpg: ") and len(str(error).splitlines()) == 1
        else:
            assert frame.picture.dtype == np.uint8 and frame.picture.ndim == 3
    assert time.process_time() - before < 10
    assert capfd.readouterr() == ("", "")
