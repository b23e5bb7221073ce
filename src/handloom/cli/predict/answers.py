"""Which model answers for which file, the one that was named or the project's own, and what it says, file by file."""

import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

from handloom.cli.predict.media_files import Form, MediaFile, Tell
from handloom.config import ExtractKeypoints, Kind
from handloom.errors import DataError, HandloomError
from handloom.landmarks.landmarker import LandmarkerFiles
from handloom.models.files import MODEL_FILE
from handloom.prediction.photos import predict_photos
from handloom.prediction.predictor import Predictor
from handloom.prediction.results import Prediction
from handloom.prediction.videos import predict_video, predict_videos
from handloom.support.workspace import Workspace

# What a classifier is for, the first that fits first: a video is for actions, else for the pose in each of its frames.
_USES: tuple[tuple[Kind, Form], ...] = (("action", "video"), ("pose", "photo"), ("pose", "video"))
# The only files that a model may not be for.
_REFUSAL = "the model classifies hand actions; give videos, or a pose model with --model"


class Asked(NamedTuple):
    """A file, the kind of model that it is put to, and as what it is read."""

    file: MediaFile
    kind: Kind
    form: Form


class Models:
    """The models that there are.

    Args:
        address: of the model that answers for everything, see `Predictor.open`; None: the project's, one a kind.
    """

    def __init__(self, address: str | None) -> None:
        self._named = Predictor.open(address) if address else None
        self.of = cache(self._of)

    def use_of(self, file: MediaFile) -> Asked | None:
        """How a file is asked for; None if the model is not for it."""
        uses = [Asked(file, kind, form) for kind, form in _USES if form in file.forms]
        if self._named:
            return next((use for use in uses if use.kind == self._named.kind), None)
        return next((use for use in uses if _own_model(use.kind)), uses[0])

    @property
    def note(self) -> str:
        """What a person should know of the named model, a line; mostly empty."""
        return self._named.note if self._named else ""

    def _of(self, kind: Kind) -> Predictor:
        if self._named:
            return self._named
        path = _own_model(kind)
        if path is None:
            media = {"pose": "photos", "action": "videos"}[kind]
            raise HandloomError(f"no model for {media}: models/{kind}/{MODEL_FILE} is not here; name one with --model")
        return Predictor.open(path, kind)


def _own_model(kind: Kind) -> Path | None:
    inside = Path("models") / kind / MODEL_FILE
    return next((path for path in (inside, Workspace.here().root / inside) if path.is_file()), None)


def asked(files: Iterable[MediaFile], models: Models, problem: Tell, note: Tell) -> list[Asked]:
    """As what each file is asked for; typed ones that the model is not for are a problem, those in a folder are not."""
    chosen: list[Asked] = []
    refused: list[MediaFile] = []
    passed_over = 0
    for file in files:
        use = models.use_of(file)
        if use:
            chosen.append(use)
        elif file.named:
            refused.append(file)
        else:
            passed_over += 1
    if refused:
        others = f" and {len(refused) - 1} others" if len(refused) > 1 else ""
        problem(f"{refused[0].shown}{others}: {_REFUSAL}")
    if passed_over:
        note(f"{passed_over} files in folders passed over: {_REFUSAL}")
    return chosen


def answers(
    files: Sequence[Asked],
    models: Models,
    hands: Literal["best", "all"],
    stride: int | None,
    settings: ExtractKeypoints | None,
    landmarker: LandmarkerFiles | None,
    problem: Tell,
) -> Iterator[tuple[Asked, Predictor, Iterable[Prediction]]]:
    """Each file that can be read, its model, and what that says; of a single clip while it is being read.

    A `DataError` while the predictions are taken means that this file cannot be read to its end.
    """
    for (kind, form), run in groupby(files, key=lambda use: (use.kind, use.form)):
        some = list(run)
        predictor = models.of(kind)
        unreadable: set[object] = set()

        def tell(path: object, error: DataError, unreadable: set[object] = unreadable) -> None:
            unreadable.add(path)
            problem(str(error))

        paths = [use.file.path for use in some]
        found: Iterable[Iterable[Prediction]]
        if form == "photo":
            found = predict_photos(
                predictor, paths, hands=hands, settings=settings, landmarker=landmarker, on_unreadable=tell
            )
        else:
            clips = settings and replace(settings, accept_slow_clips=True)  # a prediction is better than none
            given: dict[str, Any] = {
                "stride": stride,
                "settings": clips,
                "landmarker": landmarker,
                "empty_windows": True,
            }
            if len(paths) == 1:
                found = [predict_video(predictor, paths[0], **given)]
            else:
                found = predict_videos(predictor, paths, on_unreadable=tell, **given)
        for use, predictions in zip(some, found, strict=True):
            if use.file.path not in unreadable:
                yield use, predictor, predictions


@contextmanager
def warnings_told(note: Tell) -> Iterator[None]:
    """Within, handloom's own warnings are a line each, and those of libraries are not shown."""
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
            warnings.filterwarnings("always", category=UserWarning, module=r"handloom\.")
        warnings.showwarning = lambda message, *_, **__: note(str(message))
        yield
