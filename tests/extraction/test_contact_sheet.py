"""Contact sheets, looked at as pictures: joints where they are, every class shown, never too large."""

import tracemalloc
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handloom.extraction.contact_sheet import ContactSheets
from handloom.extraction.extraction import FRAME, Extraction
from handloom.pictures.text import draw_text, font_for, shortened, showable
from handloom.sources import Clip

GREEN = (60, 120, 60)  # unlike text
LEVELS = (10, 60, 110, 160, 210)


def jpeg(colour: tuple[int, int, int] = GREEN, size: tuple[int, int] = (160, 120)) -> bytes:
    content = BytesIO()
    Image.new("RGB", size, colour).save(content, "JPEG", quality=95)
    return content.getvalue()


def extraction(thumbnail: bytes, *, hand: bool, at: tuple[float, float] = (0.05, 0.05), frames: int = 1) -> Extraction:
    """A file whose last frame shows a very small hand, or none; x and y of `at` are from the lower left."""
    rows = np.zeros(frames, FRAME)
    if hand:
        rows["keypoints"][-1] = np.array([*at, 1.0])[:, None]
        rows["chirality"][-1] = 1
    return Extraction(rows, thumbnail=thumbnail, thumbnail_frame=frames - 1)


def clip(label: str, name: str) -> Clip:
    return Clip(Path("photos"), f"{label}/{name}", label, group="")


def pixels(path: Path) -> NDArray[np.int64]:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def drawn(sheets: ContactSheets, folder: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    hands, no_hand = sheets.write(folder)
    assert (hands.name, no_hand.name) == ("hands.png", "no_hand.png")
    return pixels(hands), pixels(no_hand)


def is_colour(sheet: NDArray[np.int64], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(sheet - colour) <= 4).all(axis=-1))


def test_joints_are_drawn_where_they_are(tmp_path: Path) -> None:
    sheets = ContactSheets()
    sheets.add(clip("one", "a.jpg"), extraction(jpeg(), hand=True, at=(0.25, 0.75), frames=3))
    hands, no_hand = drawn(sheets, tmp_path)
    rows, columns = np.nonzero(is_colour(hands, GREEN))
    picture = hands[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = picture.shape[:2]
    assert width / height == pytest.approx(160 / 120, abs=0.05)
    y, x = np.nonzero(np.abs(picture - GREEN).max(axis=-1) > 40)
    assert (x.mean() / width, y.mean() / height) == pytest.approx((0.25, 0.25), abs=0.02)
    assert not is_colour(no_hand, GREEN).any()


def test_a_class_is_shown_from_its_first_file_to_its_last(tmp_path: Path) -> None:
    sheets = ContactSheets(per_class=8)
    for number in range(200):
        shade = 20 + number
        sheets.add(clip("one", f"{number}.jpg"), extraction(jpeg((shade, shade, shade)), hand=True))
    hands, _ = drawn(sheets, tmp_path)
    shown = [shade for shade in range(20, 221) if (hands == shade).all(axis=-1).sum() > 2000]
    assert len(shown) == 8
    places = [np.median(np.nonzero((hands == shade).all(axis=-1))[1]) for shade in shown]
    assert places == sorted(places)
    assert max(np.diff([20, *shown, 220])) <= 2 * 200 / 8


def test_few_failures_of_one_class_are_shown_next_to_many_of_another(tmp_path: Path) -> None:
    sheets = ContactSheets()
    for number in range(400):
        sheets.add(clip("fails", f"{number}.jpg"), extraction(jpeg((200, 30, 30)), hand=False))
    for number in range(2):
        sheets.add(clip("works", f"{number}.jpg"), extraction(jpeg((30, 30, 200)), hand=False))
    _, no_hand = drawn(sheets, tmp_path)
    red, blue = (int(is_colour(no_hand, colour).sum()) for colour in ((200, 30, 30), (30, 30, 200)))
    assert red == 24 * blue  # 48 and 2 pictures


def test_a_hundred_classes_are_all_shown(tmp_path: Path) -> None:
    sheets = ContactSheets()
    colours = [(red, green, blue) for red in LEVELS for green in LEVELS for blue in LEVELS[:4]]
    for number in range(10 * len(colours)):
        label = f"class {number % len(colours):03}"
        sheets.add(clip(label, f"{number}.jpg"), extraction(jpeg(colours[number % len(colours)]), hand=True))
    hands, _ = drawn(sheets, tmp_path)
    # The palette rounds colours.
    shown = [(np.abs(hands[::8, ::8] - colour).max(axis=-1) < 25).sum() for colour in colours]
    assert min(shown) > 100  # of the 108 pixels that are looked at of a picture
    assert len(hands) < 2500


def test_full_sheets_of_lively_pictures_are_no_large_files(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    shades = np.linspace(40, 200, 160)[None, :, None]
    thumbnails = []
    for _ in range(199):
        content = BytesIO()
        picture = shades * random.uniform(0.5, 1.2, 3) + random.normal(0, 15, (120, 160, 3))
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=80)
        thumbnails.append(content.getvalue())
    sheets = ContactSheets()
    for number in range(1200):
        sheets.add(clip(f"{number % 12}", f"{number}.jpg"), extraction(thumbnails[number % 199], hand=number % 5 > 0))
    assert all(path.stat().st_size < 2_000_000 for path in sheets.write(tmp_path))


def test_a_class_without_any_hand_is_named_among_the_hands(tmp_path: Path) -> None:
    sheets = ContactSheets()
    sheets.add(clip("one", "a.jpg"), extraction(jpeg(), hand=True))
    before, _ = drawn(sheets, tmp_path)
    sheets.add(clip("wall", "b.jpg"), extraction(jpeg(), hand=False))
    after, _ = drawn(sheets, tmp_path)
    assert after.shape == before.shape  # next to the other class
    assert not (before[:, 100:] < 128).any()
    assert (after[:, 100:] < 128).any()


def test_a_damaged_thumbnail_takes_nothing_from_the_others(tmp_path: Path) -> None:
    sheets = ContactSheets()
    for hand in (True, False):
        for number, thumbnail in enumerate((b"", b"no picture", jpeg()[:400], jpeg())):
            sheets.add(clip("one", f"{number}.jpg"), extraction(thumbnail, hand=hand))
    assert all(is_colour(sheet, GREEN).sum() > 4000 for sheet in drawn(sheets, tmp_path))


def test_names_in_other_scripts_stay_apart(tmp_path: Path) -> None:
    written = []
    for label in ("五", "六", "größe", "خمسة", "a\nb"):
        sheets = ContactSheets()
        sheets.add(clip(label, "\udcff.jpg"), extraction(jpeg(), hand=True))
        sheets.add(clip(label, "🖐.jpg"), extraction(jpeg(), hand=False))
        written.append(tuple(path.read_bytes() for path in sheets.write(tmp_path)))
    assert len(set(written)) == 5


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        sheets = ContactSheets()
        for number in range(50):
            colour = (5 * number, 100, 255 - 5 * number)
            sheets.add(clip(f"{number % 3}", f"{number}.jpg"), extraction(jpeg(colour), hand=number % 4 > 0))
        written.append([path.read_bytes() for path in sheets.write(tmp_path)])
    assert written[0] == written[1]


def test_without_pictures_both_sheets_are_still_written(tmp_path: Path) -> None:
    assert all((sheet < 128).any() for sheet in drawn(ContactSheets(), tmp_path))


def test_memory_is_for_the_examples_that_are_shown(tmp_path: Path) -> None:
    sheets = ContactSheets()
    tracemalloc.start()
    for number in range(2000):
        # 1000 frames are a third of a megabyte.
        sheets.add(clip("one", f"{number}.mp4"), extraction(bytes(4000), hand=number % 2 == 0, frames=1000))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 1_500_000


def test_the_joints_of_a_small_hand_do_not_hide_it(tmp_path: Path) -> None:
    covered = []
    for size in (0.1, 0.6):
        sheets = ContactSheets()
        rows = np.zeros(1, FRAME)
        turn = np.linspace(0, 2 * np.pi, 21)
        rows["keypoints"][0] = np.stack([0.5 + size / 2 * np.cos(turn), 0.5 + size / 2 * np.sin(turn), np.ones(21)])
        rows["chirality"] = 1
        sheets.add(clip("one", "a.jpg"), Extraction(rows, thumbnail=jpeg()))
        hands, _ = drawn(sheets, tmp_path)
        rows_of, columns_of = np.nonzero(is_colour(hands, GREEN))
        picture = hands[rows_of.min() : rows_of.max() + 1, columns_of.min() : columns_of.max() + 1]
        changed = (np.abs(picture - GREEN).max(axis=-1) > 40).sum()
        covered.append(changed / (picture.shape[0] * picture.shape[1] * size**2))
    assert covered[0] < 1.0  # dots of the usual size would cover more than the hand itself
    assert covered[1] < covered[0]


def test_names_are_cut_so_that_they_can_be_told_apart() -> None:
    beginnings = [f"ann_{number}_with_a_very_long_name_that_goes_on_and_on.jpg" for number in range(5)]
    ends = [f"IMG_20240101_with_a_very_long_name_that_goes_on_{number}.jpg" for number in range(5)]
    middles = [f"IMG_20240101_120000_of_person_{number}_in_the_evening_sun_edited.jpg" for number in range(5)]
    for names in (beginnings, ends, middles, beginnings + ends):
        short = shortened(names, 10, 95)
        assert len(set(short)) == len(names)
        assert all("..." in one and font_for(one, 10).getlength(one) <= 95 for one in short)
    assert shortened(["a.jpg", "b.jpg"], 10, 95) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("größe", "größe"), ("gro\u0308ße", "größe"), ("пять", "пять"), ("a\nb", "a\\x0ab"), ("\udcff", "\\udcff")],
)
def test_letters_that_a_font_has_are_written_as_they_are(text: str, shown: str) -> None:
    assert showable(text) == shown


def test_a_name_may_be_wider_than_its_picture(tmp_path: Path) -> None:
    sheets = ContactSheets()
    sheets.add(clip("one", "a_name_for_a_narrow_picture.jpg"), extraction(jpeg(size=(40, 160)), hand=False))
    _, no_hand = drawn(sheets, tmp_path)
    green = np.flatnonzero(is_colour(no_hand, GREEN).any(axis=0))
    below = no_hand[np.flatnonzero(is_colour(no_hand, GREEN).any(axis=1)).max() + 2 :]
    assert (below[:, green.max() + 5 :] < 200).any()


@pytest.mark.parametrize("label", ["שלום", "سلام", "кулак"])
def test_a_heading_begins_with_its_label_in_every_script(label: str) -> None:
    def drawn(text: str) -> NDArray[np.float64]:
        picture = Image.new("RGB", (200, 24))
        draw_text(ImageDraw.Draw(picture), (2, 18), text, 15, (255, 255, 255))
        return np.asarray(picture, float)[:, : round(font_for(label, 15).getlength(label)) + 2, 0]

    # Letters may be shifted by a part of a pixel.
    assert np.corrcoef(drawn(label).ravel(), drawn(f"{label}    hand in 4 of 4 files").ravel())[0, 1] > 0.8
