"""Decoding: upright RGB whatever the file, sampled by time, and one line that names the file that cannot be read."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from handloom.errors import DataError
from handloom.extraction.media import read_clip, read_photo

WIDTH, HEIGHT = 64, 48
RED, BLUE = (220, 30, 30), (30, 30, 220)
EXIF_ORIENTATION = 0x0112

# EXIF orientation -> what a camera stores so that the orientation turns it upright: the inverse of each turn
STORED = {
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


def upright(width=WIDTH, height=HEIGHT):
    """Blue, with a red quadrant at the upper left."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = BLUE
    picture[: height // 2, : width // 2] = RED
    return picture


def assert_upright(picture, tolerance=40):
    """The red quadrant is at the upper left, each quadrant looked at in its middle."""
    height, width, _ = picture.shape
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    found = picture[np.ix_(rows, columns)].astype(int)
    expected = np.array([[RED, BLUE], [BLUE, BLUE]])
    assert np.abs(found - expected).max() <= tolerance, found


def one_line_error(call):
    with pytest.raises(DataError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


# Photos


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_upright_whatever_their_orientation(tmp_path, orientation, suffix):
    path = tmp_path / f"hand.{suffix}"
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    Image.fromarray(np.ascontiguousarray(STORED[orientation](upright()))).save(path, exif=exif)
    frame = read_photo(path, largest_side=1280)
    assert frame.picture.shape == (HEIGHT, WIDTH, 3)
    assert_upright(frame.picture)
    assert (frame.width, frame.height, frame.rotation, frame.time) == (WIDTH, HEIGHT, DEGREES[orientation], 0.0)


def test_large_photos_are_scaled_down_and_their_size_is_told_in_full(tmp_path):
    path = tmp_path / "hand.jpg"
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(upright(300, 400)))).save(path, exif=exif)
    frame = read_photo(path, largest_side=100)
    assert frame.picture.shape == (100, 75, 3)
    assert (frame.width, frame.height) == (300, 400)
    assert_upright(frame.picture)


def test_small_photos_are_not_scaled_up(tmp_path):
    Image.fromarray(upright()).save(tmp_path / "hand.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "hand.png", largest_side=1280).picture, upright())


@pytest.mark.parametrize(("mode", "suffix"), [("RGBA", "png"), ("CMYK", "jpg"), ("CMYK", "tif"), ("P", "png")])
def test_colour_modes_become_rgb(tmp_path, mode, suffix):
    path = tmp_path / f"hand.{suffix}"
    Image.fromarray(upright()).convert(mode).save(path)
    frame = read_photo(path, largest_side=1280)
    assert frame.picture.dtype == np.uint8
    assert frame.picture.shape == (HEIGHT, WIDTH, 3)
    assert_upright(frame.picture)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_keeps_its_brightness(tmp_path, mode):
    grey = np.linspace(0, 250, WIDTH).astype(np.uint8)[None].repeat(HEIGHT, axis=0)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) << 8)
        assert image.mode == mode
    else:
        image = Image.fromarray(grey).convert(mode)
    image.save(tmp_path / "hand.png")
    frame = read_photo(tmp_path / "hand.png", largest_side=1280)
    assert frame.picture.dtype == np.uint8
    np.testing.assert_array_equal(frame.picture, grey[:, :, None].repeat(3, axis=2))


def half_a_jpeg(path):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(noise).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def half_a_png(path):
    Image.fromarray(upright()).save(path, "PNG")
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not a picture\n" * 100),
        half_a_jpeg,
        half_a_png,
        lambda path: path.mkdir(),
        lambda path: None,
    ],
    ids=["zero bytes", "text", "half a JPEG", "half a PNG", "folder", "missing"],
)
def test_what_is_no_photo_is_named(tmp_path, write):
    path = tmp_path / "IMG_1.jpg"
    write(path)
    text = one_line_error(lambda: read_photo(path, largest_side=1280))
    assert text.startswith("IMG_1.jpg: not a readable picture (")


# Clips


def write_clip(path, pictures, rate=30, options=None):
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.height, stream.width, _ = pictures[0].shape
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
    return path


def numbered(count, step=4):
    """Pictures whose grey tells their number."""
    return [np.full((HEIGHT, WIDTH, 3), 10 + step * number, np.uint8) for number in range(count)]


def numbers_of(frames, step=4):
    return [round((float(frame.picture.mean()) - 10) / step) for frame in frames]


def turn(path, degrees):
    """Set the clip's display matrix as a phone does that was held on its side: degrees clockwise to upright."""
    a, b, c, d = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    identity = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    assert content[start : start + 36] == identity
    matrix = (value << 16 for value in (a, b, 0, c, d, 0, 0, 0))
    content[start : start + 36] = struct.pack(">9i", *matrix, 1 << 30)
    path.write_bytes(content)


@pytest.mark.parametrize(("count", "rate"), [(1, 30), (2, 30), (31, 30), (31, 25)])
def test_a_clip_at_the_rate_keeps_every_frame_once(tmp_path, count, rate):
    frames = list(read_clip(write_clip(tmp_path / "a.mp4", numbered(count), rate), 480, float(rate)))
    assert numbers_of(frames) == list(range(count))
    assert [frame.time for frame in frames] == pytest.approx([number / rate for number in range(count)])
    assert {(frame.width, frame.height, frame.rotation) for frame in frames} == {(WIDTH, HEIGHT, 0)}


@pytest.mark.parametrize("count", [40, 41])
def test_a_clip_at_twice_the_rate_gives_every_second_frame(tmp_path, count):
    frames = list(read_clip(write_clip(tmp_path / "a.mp4", numbered(count), rate=60), 480, 30.0))
    assert numbers_of(frames) == list(range(0, count, 2))
    assert [frame.time for frame in frames] == pytest.approx([number / 30 for number in range(len(frames))])


def test_a_clip_at_an_odd_rate_gives_the_newest_frame_of_each_moment(tmp_path):
    frames = list(read_clip(write_clip(tmp_path / "a.mp4", numbered(26), rate=25), 480, 10.0))
    assert numbers_of(frames) == [0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25]


def test_ntsc_counts_as_thirty_frames_a_second(tmp_path):
    path = write_clip(tmp_path / "a.mp4", numbered(30), rate=Fraction(30000, 1001))
    assert numbers_of(read_clip(path, 480, 30.0)) == list(range(30))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_clips_are_upright_whatever_their_display_matrix(tmp_path, degrees):
    stored = np.rot90(upright(), degrees // 90)  # counter-clockwise, to be undone clockwise
    path = write_clip(tmp_path / "a.mp4", [stored] * 3)
    turn(path, degrees)
    frames = list(read_clip(path, 480, 30.0))
    assert len(frames) == 3
    for frame in frames:
        assert frame.picture.shape == (HEIGHT, WIDTH, 3)
        assert (frame.width, frame.height, frame.rotation) == (WIDTH, HEIGHT, degrees)
        assert_upright(frame.picture)


def test_large_frames_are_scaled_down_and_their_size_is_told_in_full(tmp_path):
    path = write_clip(tmp_path / "a.mp4", [np.rot90(upright(150, 200))])
    turn(path, 90)
    (frame,) = read_clip(path, 100, 30.0)
    assert frame.picture.shape == (100, 75, 3)
    assert (frame.width, frame.height) == (150, 200)
    assert_upright(frame.picture)


def test_a_clip_that_is_too_slow_names_the_parameter(tmp_path):
    path = write_clip(tmp_path / "slow.mp4", numbered(5), rate=25)
    text = one_line_error(lambda: list(read_clip(path, 480, 30.0)))
    assert text.startswith("slow.mp4: 25 frames/s")
    assert "extract_keypoints.target_frame_rate (30)" in text


def test_a_file_with_sound_only_is_named(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert one_line_error(lambda: list(read_clip(path, 480, 30.0))) == "sound.mp4: no video in it"


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("not a clip\n" * 100),
        lambda path: path.write_bytes(write_clip(path, numbered(10)).read_bytes()[:-600]),
        lambda path: path.mkdir(),
        lambda path: None,
    ],
    ids=["zero bytes", "text", "no index at its end", "folder", "missing"],
)
def test_what_is_no_clip_is_named(tmp_path, write):
    path = tmp_path / "MOV_1.mp4"
    write(path)
    text = one_line_error(lambda: list(read_clip(path, 480, 30.0)))
    assert text.startswith("MOV_1.mp4: ")


def test_a_clip_cut_off_in_the_middle_gives_the_frames_before_or_is_named(tmp_path):
    """With its index in front a clip can be read up to the cut."""
    whole = write_clip(tmp_path / "a.mp4", numbered(30), options={"movflags": "faststart"})
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    try:
        frames = list(read_clip(whole, 480, 30.0))
    except DataError as error:
        assert str(error).startswith("a.mp4: ")
    else:
        assert numbers_of(frames) == list(range(len(frames)))
        assert 0 < len(frames) < 30
