"""Draw the README's animation: a drawn clip of the test set, its joints, and what the model says, frame by frame.

Run it after `make repro`: `make pictures`.
"""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont, ImageOps

from handloom import Predictor, Recognizer, keypoint_table
from handloom.media.clips import ClipReader
from handloom.pictures.overlay import with_joints

CLIPS, LABELS = Path("data/sample/clips"), ("wave", "swipe_left", "pinch")  # a clip of each, one after another
HEIGHT, BARS = 160, 230  # pixels: the side of the picture, and the width of the bars
RATE, EVERY, PAUSE = 30.0, 4, 2.0  # frames/s of the model; one frame of so many is drawn; seconds between clips
TEXT, BAR, ACTIVE = (60, 60, 60), (160, 180, 205), (40, 120, 220)


def clip_of(label: str) -> Path:
    """The first clip of a class in the test set."""
    split = pq.read_table("data/splits/action.parquet")
    chosen = split.filter(pc.and_(pc.equal(split["part"], "test"), pc.equal(split["label"], label)))
    session = min(chosen["session_id"].to_pylist())
    table = keypoint_table.read(Path("data/keypoints/action.parquet"))
    return CLIPS / str(table.filter(pc.equal(table["session_id"], session))["path"][0].as_py())


def bars(probabilities: dict[str, float], active: str | None) -> Image.Image:
    """A bar a class; the one of a gesture that has begun stands out."""
    sheet = Image.new("RGB", (BARS, HEIGHT), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    step = HEIGHT // len(probabilities)
    for number, (label, probability) in enumerate(probabilities.items()):
        top, colour = number * step + 4, ACTIVE if label == active else BAR
        pen.rectangle((105, top, 105 + round(probability * (BARS - 115)), top + step - 10), fill=colour)
        pen.text((98, top + step // 2 - 5), label.replace("_", " "), fill=TEXT, anchor="rm", font=font)
    return sheet


def main() -> None:
    """Write docs/images/recogniser.gif."""
    predictor, drawn, time = Predictor.open("models/action/model.ckpt"), [], 0.0
    with Recognizer(predictor, stride=3, hold_time=0.1) as recognizer:
        for label in LABELS:
            for number, frame in enumerate(ClipReader(clip_of(label), 640, RATE)):
                recognizer.add_frame(frame.picture, time := time + 1 / RATE)
                if number % EVERY:
                    continue
                found = {one.label: one.confidence for one in recognizer.results}
                picture = Image.fromarray(with_joints(frame.picture, recognizer.poses[0]))
                sheet = Image.new("RGB", (HEIGHT + BARS, HEIGHT), "white")
                sheet.paste(ImageOps.fit(picture, (HEIGHT, HEIGHT)), (0, 0))
                shown = {one: found.get(one, 0.0) for one in predictor.classes}
                sheet.paste(bars(shown, recognizer.active), (HEIGHT, 0))
                drawn.append(sheet.quantize(48, dither=Image.Dither.NONE))
            time += PAUSE
    out = Path("docs/images/recogniser.gif")
    milliseconds = round(1000 * EVERY / RATE)
    drawn[0].save(out, save_all=True, append_images=drawn[1:], duration=milliseconds, loop=0, optimize=True)


if __name__ == "__main__":
    main()
