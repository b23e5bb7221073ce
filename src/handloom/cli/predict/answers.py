"""Asking the models, file by file, in the order of the files."""

import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from handloom.cli.predict.media_files import MediaFile, Tell
from handloom.cli.predict.models import Asked, Models
from handloom.config import ExtractKeypoints
from handloom.errors import DataError

if TYPE_CHECKING:
    from handloom.prediction.predictor import Predictor
    from handloom.prediction.results import Prediction

    Answer = tuple[Asked, Predictor, Iterable[Prediction]]

# The only files that a model may not be for.
_REFUSAL = "the model is for hand actions, which photos do not show; give videos, or a pose model with --model"


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
    problem: Tell,
) -> "Iterator[Answer]":
    """Each file that can be read, its model, and what that says; of a single clip while it is being read.

    A `DataError` while the predictions are taken means that this file cannot be read to its end.
    """
    from handloom.prediction.photos import predict_photos
    from handloom.prediction.videos import predict_video, predict_videos

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
            found = predict_photos(predictor, paths, hands=hands, settings=settings, on_unreadable=tell)
        else:
            clips = settings and replace(settings, accept_slow_clips=True)  # a prediction is better than none
            if len(paths) == 1:
                found = [predict_video(predictor, paths[0], stride=stride, settings=clips, empty_windows=True)]
            else:
                found = predict_videos(
                    predictor, paths, stride=stride, settings=clips, on_unreadable=tell, empty_windows=True
                )
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
