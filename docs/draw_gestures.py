"""Draw the pictures of docs/gestures.md: a strip a field of the language, the field from one end to the other.

    python docs/draw_gestures.py

writes docs/images/gestures/*.png, by the code that draws the sample.
"""

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from PIL import Image, ImageDraw

from handloom.described.people import generator_for, make_people
from handloom.described.performance import perform
from handloom.described.reading import load_gesture
from handloom.sample.drawing import SIZES, draw_hand, make_scene

OUT = Path("docs/images/gestures")
WIDTH, HEIGHT, LINE = 120, 150, 16
COLOURS = 48
PERSON = make_people(1, 6)[2]
PLAIN = np.array([222.0, 228.0, 232.0], np.float32)

STRAIGHT = {"curl": 0.05}
POSE: dict[str, Any] = {
    "meaning": "an open hand",
    "fingers": {name: dict(STRAIGHT) for name in ("index", "middle", "ring", "little")},
    "spread": 0.4,
    "thumb": {"abduction": 0.6, "opposition": 0.15, "curl": 0.1},
    "variation": {"curl": 0, "spread": 0, "thumb": 0.001},
    "view": {axis: {"mean": 0, "deviation": 0} for axis in ("turn", "tilt", "roll")},
    "hand": "right",
    "hand_size": {"least": 0.75, "most": 0.75},
}
ANY = {"least": 0.62, "most": 0.62}
RING = {"fingers.index": {"curl": 0.45}, "thumb": {"abduction": 0.45, "opposition": 0.7, "curl": 0.2}}
FIST = {name: {"curl": 0.75, "knuckle": 0.6} for name in ("index", "middle", "ring", "little")}

# The field, and under each picture what it is: other fields by their names, the strip's own among them.
STRIPS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "curl": [(f"{value:g}", {"fingers.index.curl": value}) for value in (0, 0.33, 0.67, 1)],
    "curl_outer": [
        (
            f"middle {middle:g}, outer {outer:g}",
            {"fingers.index": {"curl": {"middle": middle, "outer": outer}, "knuckle": 0.1}},
        )
        for middle, outer in ((0.6, 0.6), (0.6, 0), (0.2, 0.6))
    ],
    "knuckle": [(f"{value:g}", {"fingers.index": {"curl": 0.1, "knuckle": value}}) for value in (0, 0.33, 0.67, 1)],
    "spread": [(f"{value:g}", {"spread": value}) for value in (-0.5, 0, 0.5, 1)],
    "thumb_abduction": [(f"{value:g}", {"thumb.abduction": value}) for value in (0, 0.33, 0.67, 1)],
    "thumb_opposition": [(f"{value:g}", {"thumb.opposition": value}) for value in (0, 0.33, 0.67, 1)],
    "thumb_curl": [(f"{value:g}", {"thumb.curl": value}) for value in (0, 0.33, 0.67, 1)],
    "touching": [
        ("index: thumb", {**RING, "touching": {"index": "thumb"}}),
        (
            "little: thumb",
            {**RING, "fingers.index": STRAIGHT, "fingers.little": {"curl": 0.7}, "touching": {"little": "thumb"}},
        ),
        ("all: palm", {"fingers": FIST, "touching": dict.fromkeys(FIST, "palm")}),
    ],
    "turn": [(f"{value:g}", {"view.turn.mean": value, "hand_size": ANY}) for value in (-75, -30, 0, 30, 75)],
    "tilt": [(f"{value:g}", {"view.tilt.mean": value, "hand_size": ANY}) for value in (-60, -30, 0, 30, 60)],
    "roll": [(f"{value:g}", {"view.roll.mean": value, "hand_size": ANY}) for value in (-90, -45, 0, 45, 90)],
    "facing": [
        (value, {"view": {"facing": value, "tolerance": 0}, "hand_size": ANY})
        for value in ("camera", "thumb_side", "little_finger_side", "away")
    ],
    "pointing": [
        (value, {"view": {"facing": "camera", "pointing": value, "tolerance": 0}, "hand_size": ANY})
        for value in ("up", "down", "thumb_way", "little_finger_way", "camera")
    ],
    "hand": [(value, {"hand": value}) for value in ("right", "left")],
    "hand_size": [(f"{value:g}", {"hand_size": {"least": value, "most": value}}) for value in (0.4, 0.6, 0.8)],
}


def changed(fields: dict[str, Any]) -> dict[str, Any]:
    """The open hand with some fields changed."""
    pose = deepcopy(POSE)
    for name, value in fields.items():
        *parents, last = name.split(".")
        section = pose
        for parent in parents:
            section = section[parent]
        section[last] = value
    return pose


def picture(pose: dict[str, Any]) -> Image.Image:
    """One drawn hand on a plain background."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pose.yaml"
        path.write_text(yaml.safe_dump(pose), encoding="utf-8")
        gesture = load_gesture(path)
    random = generator_for(7, "gestures")
    performance = perform(gesture, [], PERSON, random, SIZES)
    while (performance.width, performance.height) != (240, 320):
        performance = perform(gesture, [], PERSON, random, SIZES)
    scene = make_scene(generator_for(3, "scene"), PERSON, 240, 320)
    scene.background[:] = PLAIN
    scene.noise[:] = 0
    drawn, _ = draw_hand(scene, performance.joints, performance.camera, random)
    return Image.fromarray(drawn).crop((0, 10, 240, 310)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def strip(pictures: list[tuple[str, dict[str, Any]]]) -> Image.Image:
    """All pictures of a field side by side, what they show under them."""
    sheet = Image.new("RGB", ((WIDTH + 4) * len(pictures), HEIGHT + LINE), "white")
    for number, (text, fields) in enumerate(pictures):
        sheet.paste(picture(changed(fields)), (number * (WIDTH + 4), 0))
        place = (number * (WIDTH + 4) + WIDTH // 2, HEIGHT + LINE // 2)
        ImageDraw.Draw(sheet).text(place, text, fill="black", anchor="mm")
    return sheet.quantize(COLOURS)


def main() -> None:
    """Write all strips."""
    OUT.mkdir(parents=True, exist_ok=True)
    for name, pictures in STRIPS.items():
        strip(pictures).save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
