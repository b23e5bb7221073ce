"""Hands found on photos, and hands found where there are none: with one look, and with handloom's further looks.

    python benchmarks/detection.py [PHOTOS] [--save FOLDER]

PHOTOS is a folder of class folders with one hand on each photo, such as Sign Language Digits. Without it only the false
hands are counted: on 1000 pictures without a hand, drawn by this script, always the same ones:

    background   300 of the sample's rendered backgrounds
    noise        300: white, blurred and coloured noise, stripes, checkerboards, gradients
    face         300 drawn heads with neck and shoulders on such backgrounds, from small to larger than the picture
    arm          100 bare forearms, elbows and blobs in the colours of skin, on such backgrounds

One look is `extract_keypoints.tta_paddings=[]`. All other settings are the defaults. Both take the same way as in the
stage, on all cores, in processes that have started. The bar: at most 1 % of the 1000 with a false hand. `--save` writes
contact sheets of all kinds, and of the pictures with a false hand with its joints.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from handloom.config import ExtractKeypoints, LandmarkModel
from handloom.described.people import Generator, generator_for, make_people
from handloom.described.skeleton import Floats
from handloom.extraction.extraction import Extraction, extract_files
from handloom.hand import picture_from_poses
from handloom.landmarks.files import PHOTOS_TOGETHER, Stretch
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.media.photos import read_photo
from handloom.sample.backgrounds import draw_background
from handloom.sample.draw import write_photo
from handloom.sample.flesh import NOTHING, Picture, Relief
from handloom.sample.skin import skin_of

SETTINGS = {"one look": ExtractKeypoints(tta_paddings=[]), "defaults": ExtractKeypoints()}
SIZES = ((240, 320), (320, 240), (256, 256), (640, 480), (480, 640))  # width, height
TONES = [skin_of(person) for person in make_people(1, 50)]
BAR = 0.01
SEED = 1
Found = list[Extraction]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="?", type=Path)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        drawn = Parallel(n_jobs=-1)(
            delayed(_draw)(Path(name), kind, number) for kind, (count, _) in KINDS.items() for number in range(count)
        )
        _find(drawn[:: len(drawn) // 64], ExtractKeypoints())  # so that the processes have started
        if options.photos:
            paths = sorted(path for path in options.photos.glob("*/*") if path.is_file())
            print(f"photos with a hand: {len(paths)}, {os.cpu_count()} cores")
            _report(paths, "found")
        print(f"drawn pictures without a hand: {len(drawn)}, seed {SEED}, {os.cpu_count()} cores")
        found = _report(drawn, "false")
        for title, extractions in found.items():
            share = sum(extraction.hands for extraction in extractions) / len(drawn)
            print(
                f"false hands, {title}: {share:.1%}, {'within' if share <= BAR else 'NOT WITHIN'} the bar of {BAR:.0%}"
            )
        if options.save:
            _save(options.save, drawn, found["defaults"])


def _report(paths: list[Path], what: str) -> dict[str, Found]:
    found, seconds = {}, {}
    for title, settings in SETTINGS.items():
        started = time.perf_counter()
        found[title] = _find(paths, settings)
        seconds[title] = time.perf_counter() - started
    pictures = Counter(path.parent.name for path in paths)
    hands = {
        title: Counter(path.parent.name for path, one in zip(paths, extractions, strict=True) if one.hands)
        for title, extractions in found.items()
    }
    print(f"  {'':<12} pictures" + "".join(f"{f'{what}, {title}':>24}" for title in found))
    for name, number in [*sorted(pictures.items()), ("all", len(paths))]:
        counts = [hands[title].total() if name == "all" else hands[title][name] for title in found]
        print(f"  {name:<12} {number:8}" + "".join(f"{count:14} = {count / number:7.2%}" for count in counts))
    ratio = seconds["defaults"] / seconds["one look"]
    again = sum(extraction.retries for extraction in found["defaults"])
    print(
        f"  {'seconds':<12} {'':8}"
        + "".join(f"{second:24.1f}" for second in seconds.values())
        + f"   ratio {ratio:.2f}"
    )
    print(f"  defaults looked again at {again} = {again / len(paths):.1%}")
    return found


def _find(paths: list[Path], settings: ExtractKeypoints) -> Found:
    model = landmark_model_path(LandmarkModel())
    stretches = [Stretch(path, None, None) for path in paths]
    tasks = [stretches[at : at + PHOTOS_TOGETHER] for at in range(0, len(paths), PHOTOS_TOGETHER)]
    outcomes = Parallel(n_jobs=-1)(delayed(extract_files)(task, "pose", settings, model) for task in tasks)
    found = [outcome for some in outcomes for outcome in some]
    if problems := [outcome for outcome in found if isinstance(outcome, str)]:
        raise SystemExit(f"{len(problems)} files cannot be read: {problems[0]}")
    return found


def _draw(folder: Path, kind: str, number: int) -> Path:
    random = generator_for(SEED, kind, number)
    skin = TONES[number % len(TONES)]
    width, height = SIZES[random.integers(len(SIZES))]
    picture = KINDS[kind][1](random, draw_background(random, width, height, skin), skin, number)
    grain = random.normal(0, random.uniform(0.5, 3.5), (*picture.shape[:2], 1))
    (folder / kind).mkdir(exist_ok=True)
    path = folder / kind / f"{number:03}.jpg"
    write_photo(path, (picture + grain).clip(0, 255).astype(np.uint8))
    return path


def _background(random: Generator, picture: Picture, skin: Floats, number: int) -> Picture:
    return picture


def _noise(random: Generator, picture: Picture, skin: Floats, number: int) -> Picture:
    height, width = picture.shape[:2]
    first, second = random.uniform(0, 255, (2, 3))
    angle, period = random.uniform(0, np.pi), random.uniform(4, 80)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    share: Floats
    match number % 6:
        case 0:
            share = random.random((height, width))
        case 1:
            blurred = np.asarray(cv2.GaussianBlur(random.random((height, width)), (0, 0), period / 4), float)
            share = (blurred - blurred.min()) / np.ptp(blurred)
        case 2:
            coloured = cv2.GaussianBlur(random.random((height, width, 3)), (0, 0), period / 8)
            return np.asarray(255 * (coloured - coloured.min()) / np.ptp(coloured), np.float32)
        case 3:
            share = np.sin(2 * np.pi * along / period) / 2 + 0.5
        case 4:
            share = (np.floor(along / period) + np.floor(across / period)) % 2
        case _:
            share = (along - along.min()) / np.ptp(along)
    mixed: NDArray[np.float32] = (first + (second - first) * share[..., None]).astype(np.float32)
    return mixed


def _arm(random: Generator, picture: Picture, skin: Floats, number: int) -> Picture:
    height, width = picture.shape[:2]
    relief = Relief(width, height)
    radius = random.uniform(0.06, 0.16) * max(width, height)
    angle = random.uniform(0, 2 * np.pi)
    middle, way = random.uniform(0.3, 0.7, 2) * [width, height], np.array([np.cos(angle), np.sin(angle)])
    far = 0.9 * np.hypot(width, height)
    bend = random.uniform(-0.5, 0.5)
    match number % 3:
        case 0:  # a forearm right through the picture, thinner towards the wrist
            places = [middle - far * way, middle, middle + far * way]
        case 1:  # an elbow
            turned = np.array([np.cos(angle + 3 * bend), np.sin(angle + 3 * bend)])
            places = [middle - far * way, middle, middle + far * turned]
        case _:  # a blob
            places = [middle + random.normal(0, 1.2 * radius, 2) for _ in range(4)]
    radii = radius * np.interp(np.arange(len(places)), [0, len(places)], [1.3, 0.7])
    for at in range(len(places) - 1):
        ends = [np.append(place, 0.0) for place in places[at : at + 2]]
        relief.raise_capsule(at, ends[0], ends[1], (radii[at], radii[at + 1]))
    mask = (relief.owner != NOTHING).astype(np.float32)
    relief.height[relief.owner == NOTHING] = 0
    slope_y, slope_x = np.gradient(cv2.GaussianBlur(relief.height, (0, 0), radius / 12))
    light = random.normal([0, -0.5], 0.4)
    shade = np.clip((1 - slope_x * light[0] - slope_y * light[1]) / np.sqrt(slope_x**2 + slope_y**2 + 1), 0, 1.2)
    alpha = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    return np.asarray(picture + alpha * (skin * (0.5 + 0.5 * shade[..., None]) - picture), np.float32)


class _Canvas:
    """A picture with transparency to fill shapes on; the unit is half a head's height, (0, 0) the face's middle."""

    unit = 150
    middle = np.array([2.3, 1.75])  # in units, from the upper left
    side = 690

    def __init__(self) -> None:
        self.colour: Picture = np.zeros((self.side, self.side, 3), np.float32)  # times alpha
        self.alpha: Picture = np.zeros((self.side, self.side, 1), np.float32)

    def mask(self, points: Floats, blur: float = 0.008) -> Picture:
        """The share of a shape in each pixel, its edge as soft as `blur` units."""
        mask = np.zeros((self.side, self.side, 1), np.float32)
        pixels, margin = (points + self.middle) * self.unit, 4 * blur * self.unit + 2
        left, top = np.clip(pixels.min(axis=0) - margin, 0, self.side).astype(int)
        right, bottom = np.clip(pixels.max(axis=0) + margin, 0, self.side).astype(int)
        window = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(window, [((pixels - [left, top]) * 16).round().astype(np.int32)], 255, cv2.LINE_AA, 4)
        mask[top:bottom, left:right, 0] = cv2.GaussianBlur(window, (0, 0), blur * self.unit) / np.float32(255)
        return mask

    def fill(self, points: Floats, colour: Floats, opacity: float = 1, blur: float = 0.008) -> None:
        """Lay a shape over what is there."""
        self.lay(np.float32(opacity) * self.mask(points, blur), colour)

    def lay(self, share: Picture, colour: Floats) -> None:
        """Lay a colour over what is there, by its share in each pixel."""
        self.colour += share * (np.asarray(colour, np.float32) - self.colour)
        self.alpha += share * (1 - self.alpha)


def _oval(x: float, y: float, wide: float, high: float, turned: float = 0) -> Floats:
    angle = np.linspace(0, 2 * np.pi, 90)
    points = np.stack([wide * np.cos(angle), high * np.sin(angle)], axis=-1)
    turn = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    moved: NDArray[np.float64] = points @ turn + [x, y]
    return moved


def _curve(points: list[tuple[float, float]]) -> Floats:
    """Through three points."""
    share = np.linspace(0, 1, 40)[:, None]
    first, second, third = np.array(points)
    return np.asarray(
        first * (1 - share) * (1 - 2 * share) + second * 4 * share * (1 - share) + third * share * (2 * share - 1)
    )


def _band(points: list[tuple[float, float]], thickness: float) -> Floats:
    """A curve as a shape that is thickest in the middle."""
    curve, share = _curve(points), np.linspace(0, 1, 40)[:, None]
    half = np.sqrt(share * (1 - share)) * [0, thickness]
    return np.concatenate([curve - half, (curve + half)[::-1]])


def _face(random: Generator, picture: Picture, skin: Floats, number: int) -> Picture:
    canvas, hair, cloth = _Canvas(), _hair_colour(random), random.uniform(20, 230, 3)
    width, jaw, turn = random.uniform(0.70, 0.80), random.uniform(0.15, 0.4), random.uniform(-0.14, 0.14)
    style = random.choice(["bald", "short", "short", "long", "long"])
    head = _oval(0, 0, width, 1)
    head[:, 0] *= 1 - jaw * np.clip(head[:, 1], 0, 1) ** 2

    if style == "long":
        canvas.fill(_oval(0, 0.3, width * 1.3, 1.5), hair * 0.8, blur=0.03)
    canvas.fill(_oval(0, 1.2, 0.42, 0.75), skin * 0.8)
    canvas.fill(_oval(0, 3.0, 2.0, 1.5), cloth, blur=0.02)
    canvas.fill(_oval(0, 1.45, 0.44, 0.30), skin * 0.78, blur=0.02)
    for side in (-1, 1):
        canvas.fill(_oval(side * width * 1.0, 0.08, 0.12, 0.22, side * 0.2), skin * 0.88)
        canvas.fill(_oval(side * width * 1.02, 0.08, 0.05, 0.13, side * 0.2), skin * 0.65, blur=0.02)
    canvas.fill(head, skin)
    _features(canvas, random, skin, hair, turn, width)

    inside = canvas.mask(head)
    x, y = (np.arange(canvas.side) / canvas.unit - start for start in canvas.middle)
    normal_x, normal_y = np.clip(x / 0.85, -1, 1), np.clip(y[:, None] / 1.15, -1, 1)
    depth = np.sqrt(np.clip(1 - normal_x**2 - normal_y**2, 0, 1))
    light = random.normal([0, -0.4], 0.35)
    shade = np.clip(0.62 + 0.42 * (depth + light[0] * normal_x + light[1] * normal_y), 0.45, 1.15)
    canvas.colour *= 1 + inside * (shade[..., None] - 1)

    if style != "bald":
        parting = random.uniform(-0.4, 0.4)
        strands = cv2.resize(
            random.uniform(0.8, 1.2, (1, 120)), (canvas.side, canvas.side), interpolation=cv2.INTER_CUBIC
        )
        hairline = [(width * 1.05, -0.1), (parting, random.uniform(-0.8, -0.45)), (-width * 1.05, -0.1)]
        top = np.concatenate([_oval(0, -0.02, width * 1.07, 1.1)[45:], _curve(hairline)])
        canvas.lay(canvas.mask(top, 0.02), hair * strands[..., None])

    height, wide = picture.shape[:2]
    scale = np.exp(random.uniform(np.log(0.12), np.log(0.65))) * min(height, wide) / canvas.unit  # half a head's height
    turned = cv2.getRotationMatrix2D(tuple(canvas.middle * canvas.unit), random.normal(0, 10), scale)
    room = np.clip(np.array([wide, height]) / 2 - 0.8 * scale * canvas.unit, 0, None)
    turned[:, 2] += [wide / 2, height / 2] + random.uniform(-1, 1, 2) * room - canvas.middle * canvas.unit
    if scale < 1:  # else pixels would be skipped
        canvas.colour, canvas.alpha = (
            np.asarray(cv2.GaussianBlur(values, (0, 0), 0.4 / scale), np.float32).reshape(values.shape)
            for values in (canvas.colour, canvas.alpha)
        )
    # The lowest row is repeated: shoulders go on.
    colour, alpha = (
        cv2.warpAffine(values, turned, (wide, height), borderMode=cv2.BORDER_REPLICATE)
        for values in (canvas.colour, canvas.alpha)
    )
    return np.asarray(picture * (1 - alpha[..., None]) + colour, np.float32)


def _hair_colour(random: Generator) -> Floats:
    colours = [(28, 22, 20), (60, 40, 28), (100, 68, 42), (190, 150, 95), (150, 70, 35), (185, 182, 178)]
    return np.array(colours[random.integers(len(colours))], float)


def _features(canvas: _Canvas, random: Generator, skin: Floats, hair: Floats, turn: float, width: float) -> None:
    """Eyes, brows, nose, mouth; beards and glasses on some."""
    apart, dark, lips = random.uniform(0.31, 0.37), skin * 0.3, skin * [0.85, 0.55, 0.55]
    open_eyes, smile, brow = random.uniform(0.05, 0.085), random.uniform(-0.04, 0.14), random.uniform(-0.28, -0.2)
    if random.random() < 0.2:
        canvas.fill(_oval(turn / 2, 0.72, width * 0.72, 0.42), hair, 0.75, 0.07)
        canvas.fill(_oval(turn, 0.40, 0.3, 0.08), hair, 0.6, 0.04)
        canvas.fill(_oval(turn, 0.35, 0.5, 0.1), skin, 0.8, 0.06)
    iris = np.array([(70, 45, 30), (90, 120, 150), (90, 110, 70), (45, 30, 22)][random.integers(4)], float)
    for side in (-1, 1):
        x = turn + side * apart
        canvas.fill(_oval(x, -0.08, 0.21, 0.15), skin * 0.7, 0.5, 0.06)
        canvas.fill(_band([(x - 0.16, -0.07), (x, -0.07), (x + 0.16, -0.07)], open_eyes * 2), np.full(3, 238.0))
        canvas.fill(_oval(x + turn / 5, -0.075, 0.066, min(0.066, open_eyes + 0.012)), iris)
        canvas.fill(_oval(x + turn / 5, -0.075, 0.03, 0.03), np.full(3, 12.0))
        canvas.fill(_oval(x + turn / 5 + 0.02, -0.1, 0.012, 0.012), np.full(3, 250.0))
        lid = -0.07 - open_eyes
        canvas.fill(_band([(x - 0.18, -0.06), (x, lid), (x + 0.18, -0.06)], 0.03), dark)
        canvas.fill(_band([(x - 0.15, -0.06), (x, -0.06 + open_eyes), (x + 0.15, -0.06)], 0.015), skin * 0.55)
        inner, outer = (x - side * 0.18, brow + 0.05), (x + side * 0.22, brow + 0.06)
        canvas.fill(_band([inner, (x, brow - 0.02), outer], random.uniform(0.04, 0.09)), hair * 0.75, 0.9, 0.015)
        canvas.fill(_oval(turn + side * 0.42, 0.35, 0.17, 0.13), skin * [1.08, 0.85, 0.85], 0.4, 0.08)
        canvas.fill(_oval(turn * 1.3 + side * 0.09, 0.30, 0.06, 0.06), skin * 0.82, 0.8, 0.025)
        canvas.fill(_oval(turn * 1.3 + side * 0.06, 0.325, 0.035, 0.02), skin * 0.35, 0.9, 0.012)
    nose = np.array([(0.0, -0.12), (0.12, 0.28), (0.02, 0.3), (-0.04, 0.1)]) * [np.sign(turn), 1] + [turn, 0]
    canvas.fill(nose, skin * 0.68, 0.5, 0.035)
    canvas.fill(_oval(turn * 1.3, 0.22, 0.045, 0.06), np.minimum(skin * 1.25, 255), 0.5, 0.03)
    corner = random.uniform(0.2, 0.3)
    mouth = [(turn - corner, 0.56 - smile), (turn, 0.57), (turn + corner, 0.56 - smile)]
    canvas.fill(_band(mouth, 0.12), lips, 0.9, 0.012)
    if random.random() < 0.3:
        canvas.fill(_band([(x * 0.85 + turn * 0.15, y) for x, y in mouth], 0.08), np.full(3, 232.0))
    canvas.fill(_band(mouth, 0.018), dark, 0.9, 0.006)
    canvas.fill(_oval(turn, 0.71, 0.13, 0.025), skin * 0.75, 0.6, 0.03)
    if random.random() < 0.2:
        for side in (-1, 1):
            rim = canvas.mask(_oval(turn + side * apart, -0.05, 0.25, 0.21))
            canvas.lay(rim - canvas.mask(_oval(turn + side * apart, -0.05, 0.225, 0.185)), np.full(3, 25.0))
        canvas.fill(_band([(turn - 0.1, -0.06), (turn, -0.1), (turn + 0.1, -0.06)], 0.04), np.full(3, 25.0))


Painter = Callable[[Generator, Picture, Floats, int], Picture]
KINDS: dict[str, tuple[int, Painter]] = {
    "background": (300, _background),
    "noise": (300, _noise),
    "face": (300, _face),
    "arm": (100, _arm),
}


def _save(folder: Path, paths: list[Path], found: Found) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        _sheet(folder / f"{kind}.png", [_small(path) for path in paths if path.parent.name == kind][:80])
    false = [_small(path, one) for path, one in zip(paths, found, strict=True) if one.hands]
    if false:
        _sheet(folder / "false_hands.png", false)


def _small(path: Path, one: Extraction | None = None) -> Picture:
    picture = read_photo(path, 1280).picture.copy()
    if one is not None:
        for x, y in picture_from_poses(one.frames["keypoints"])[0] * picture.shape[1::-1]:
            cv2.circle(picture, (int(x), int(y)), max(picture.shape[0] // 60, 2), (255, 0, 0), -1)
    side = max(picture.shape[:2])
    square = np.full((side, side, 3), 255, np.uint8)
    square[: picture.shape[0], : picture.shape[1]] = picture
    return np.asarray(cv2.resize(square, (160, 160), interpolation=cv2.INTER_AREA), np.float32)


def _sheet(path: Path, pictures: list[Picture], columns: int = 10) -> None:
    rows = [pictures[at : at + columns] for at in range(0, len(pictures), columns)]
    sheet = np.full((160 * len(rows), 160 * columns, 3), 255, np.uint8)
    for at, row in enumerate(rows):
        sheet[160 * at : 160 * at + 160, : 160 * len(row)] = np.concatenate(row, axis=1)
    cv2.imwrite(str(path), sheet[..., ::-1])


if __name__ == "__main__":
    main()
