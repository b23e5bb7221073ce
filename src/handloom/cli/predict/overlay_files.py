"""Photos and clips with skeleton, label and confidence drawn over them."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from handloom.cli.predict.answers import Asked
from handloom.cli.predict.media_files import Form
from handloom.errors import HandloomError, first_line, printable
from handloom.hand import Poses, picture_from_poses
from handloom.media.clips import ClipReader
from handloom.media.frame import Picture
from handloom.media.photos import read_photo
from handloom.pictures.overlay import with_joints
from handloom.pictures.text import font_for, showable
from handloom.prediction.predictor import Predictor
from handloom.prediction.results import Prediction
from handloom.prediction.videos import clip_rate
from handloom.support.files import replacing

SUFFIXES: dict[Form, str] = {"photo": ".png", "video": ".mp4"}
_NO_HAND = "[no hand]"
_WHITE, _GREY = (255, 255, 255), (150, 150, 150)
LARGEST_SIDE = 1280  # pixels; larger pictures are scaled down
# So that a player shows it anywhere, and joints stay sharp.
_H264 = {"preset": "veryfast", "crf": "20", "movflags": "faststart"}


class OverlayFiles:
    """Where the drawn files go.

    Args:
        out: a file for a single photo or clip, or a folder for any number.
        files: the files and as what they are asked for.

    Raises:
        HandloomError: `out` does not fit them, or is one of them.
    """

    def __init__(self, out: Path, files: Sequence[Asked]) -> None:
        self._targets: dict[Path, Path] = {}
        shown = printable(str(out))
        if out.suffix.lower() in SUFFIXES.values() and not out.is_dir():
            if len(files) > 1:
                raise HandloomError(f"--overlay {shown}: one file for {len(files)} photos or clips; name a folder")
            for file, _, form in files:
                if out.suffix.lower() != SUFFIXES[form]:
                    raise HandloomError(f"--overlay {shown}: of {file.shown} it has to be a {SUFFIXES[form]}")
                self._targets[file.path] = out
        elif out.is_file():
            raise HandloomError(f"--overlay {shown}: a file; name a .png, an .mp4 or a folder")
        else:
            taken: set[str] = set()
            for file, _, form in files:
                name = next(name for name in _names(file.path.stem, SUFFIXES[form]) if name.lower() not in taken)
                taken.add(name.lower())
                self._targets[file.path] = out / name
        sources = {use.file.path.resolve() for use in files}
        for target in self._targets.values():
            if target.resolve() in sources:
                raise HandloomError(
                    f"--overlay {printable(str(target))}: that is one of the files itself; name another"
                )

    def write(self, asked: Asked, predictor: Predictor, predictions: Sequence[Prediction]) -> None:
        """Draw one file; an old one in its place is replaced when all is drawn."""
        target = self._targets[asked.file.path]
        draw = _write_photo if asked.form == "photo" else _write_clip
        try:
            with replacing(target) as temporary:
                draw(asked.file.path, temporary, predictor, predictions)
        except (OSError, ValueError) as error:  # PyAV's errors are one or the other
            reason = printable(getattr(error, "strerror", None) or first_line(error))
            raise HandloomError(f"--overlay {printable(str(target))}: cannot be written ({reason})") from None


def _names(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    number = 2
    while True:
        yield f"{stem}-{number}{suffix}"
        number += 1


def _write_photo(path: Path, target: Path, predictor: Predictor, predictions: Sequence[Prediction]) -> None:
    picture = read_photo(path, LARGEST_SIDE).picture
    for prediction in predictions:
        picture = with_joints(picture, prediction.poses[0])
    if not predictions:
        picture = _with_text(picture, _NO_HAND, 0, 0, False, _GREY)
    for prediction in predictions:  # labels last, over all hands
        points = picture_from_poses(prediction.poses)[0] * [picture.shape[1], picture.shape[0]]
        left, top = points.min(axis=0).tolist()
        picture = _with_answer(picture, predictor, prediction, left, top, above=True)
    Image.fromarray(picture).save(target, "PNG")


def _write_clip(path: Path, target: Path, predictor: Predictor, predictions: Sequence[Prediction]) -> None:
    """The clip at the model's rate: each of its pictures with the joints that the model was given.

    A picture without a hand says so.
    """
    ticks_a_second = clip_rate(predictor, path)
    rate = Fraction(ticks_a_second).limit_denominator(1001)
    joints = _joints_of_ticks(predictions, ticks_a_second)
    frames = ClipReader(path, LARGEST_SIDE, ticks_a_second, accept_slow=True)
    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options=_H264)
        for tick, frame in enumerate(frames):
            picture = frame.picture
            if not tick:  # H.264 has even sizes
                stream.height, stream.width = (side // 2 * 2 for side in picture.shape[:2])
                stream.pix_fmt, stream.time_base = "yuv420p", 1 / rate
            if tick in joints:
                picture = with_joints(picture, joints[tick])
                picture = _with_answer(picture, predictor, _nearest(predictions, frame.time), 0, 0)
            else:
                picture = _with_text(picture, _NO_HAND, 0, 0, False, _GREY)
            picture = np.ascontiguousarray(picture[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _joints_of_ticks(predictions: Sequence[Prediction], rate: float) -> dict[int, Poses]:
    """The joints ``[3, 21]`` by the number of the tick, of ticks with a hand."""
    joints: dict[int, Poses] = {}
    for prediction in predictions:
        first = round(prediction.start * rate)
        count = round((prediction.end - prediction.start) * rate)
        joints.update(zip(range(first, first + count), prediction.poses, strict=False))
    return {tick: poses for tick, poses in joints.items() if (poses[2] > 0).any()}


def _nearest(predictions: Sequence[Prediction], time: float) -> Prediction | None:
    """Of the windows that a moment is in, the one with its middle next to it."""
    over = [one for one in predictions if one.results and one.start <= time < one.end]
    return min(over, key=lambda one: abs((one.start + one.end) / 2 - time), default=None)


def _with_answer(
    picture: Picture,
    predictor: Predictor,
    prediction: Prediction | None,
    left: float,
    top: float,
    above: bool = False,
) -> Picture:
    """A copy with label and confidence; grey and in brackets where they are below the recommended threshold."""
    if prediction is None:
        return picture
    text = f"{printable(prediction.label)}  {prediction.confidence:.0%}"
    if predictor.reaches_threshold(prediction) is False:
        return _with_text(picture, f"[{text}]", left, top, above, _GREY)
    return _with_text(picture, text, left, top, above, _WHITE)


def _with_text(
    picture: Picture, text: str, left: float, top: float, above: bool, colour: tuple[int, int, int]
) -> Picture:
    """A copy with text on black, at a place or as near to it as the picture allows."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    size = max(10, max(image.size) // 32)
    shown = showable(text)
    font = font_for(shown, size)
    width, height = draw.textlength(shown, font) + size, 1.5 * size
    left = max(0.0, min(left, image.width - width))
    top = max(0.0, min(top - height if above else top, image.height - height))
    draw.rectangle((left, top, left + width, top + height), fill=(0, 0, 0))
    draw.text((left + size / 2, top + height / 2), shown, colour, font, anchor="lm")
    return np.asarray(image)
