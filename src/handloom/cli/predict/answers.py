"""Asking the models, file by file, in the order of the files."""

import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from handloom.cli.predict.media_files import MediaFile, Tell
from handloom.cli.predict.models import Models
from handloom.config import ExtractKeypoints, Kind
from handloom.errors import DataError

if TYPE_CHECKING:
    from handloom.prediction.predictor import Predictor
    from handloom.prediction.results import Prediction

    Answer = tuple[MediaFile, Predictor, Iterable[Prediction]]

Asked = tuple[MediaFile, Kind]


def asked(files: Iterable[MediaFile], models: Models, problem: Tell, note: Tell) -> list[Asked]:
    """As what each file is asked for; a typed one that the model is not for is a problem, one in a folder is not."""
    chosen: list[Asked] = []
    passed_over = 0
    for file in files:
        kind = models.kind_for(file.kinds)
        if kind:
            chosen.append((file, kind))
        elif file.named:
            problem(f"{file.shown}: {models.refusal()}")
        else:
            passed_over += 1
    if passed_over:
        note(f"{passed_over} files in folders passed over: {models.refusal()}")
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

    for kind, run in groupby(files, key=lambda one: one[1]):
        some = [file for file, _ in run]
        predictor = models.of(kind)
        unreadable: set[object] = set()

        def tell(path: object, error: DataError, unreadable: set[object] = unreadable) -> None:
            unreadable.add(path)
            problem(str(error))

        paths = [file.path for file in some]
        found: Iterable[Iterable[Prediction]]
        if kind == "pose":
            found = predict_photos(predictor, paths, hands=hands, settings=settings, on_unreadable=tell)
        else:
            clips = settings and replace(settings, accept_slow_clips=True)  # a prediction is better than none
            if len(paths) == 1:
                found = [predict_video(predictor, paths[0], stride=stride, settings=clips)]
            else:
                found = predict_videos(predictor, paths, stride=stride, settings=clips, on_unreadable=tell)
        for file, predictions in zip(some, found, strict=True):
            if file.path not in unreadable:
                yield file, predictor, predictions


@contextmanager
def warnings_told(note: Tell) -> Iterator[None]:
    """Within, handloom's own warnings are a line each, and those of libraries are not shown."""
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
            warnings.filterwarnings("always", category=UserWarning, module=r"handloom\.")
        warnings.showwarning = lambda message, *_, **__: note(str(message))
        yield
