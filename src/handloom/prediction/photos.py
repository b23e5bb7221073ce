"""Predict poses in photos."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from handloom.config import ExtractKeypoints
from handloom.errors import DataError, printable, renamed
from handloom.hand import VOTES
from handloom.landmarks.files import PHOTOS_TOGETHER, killed_by
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.landmarker import LandmarkerFiles
from handloom.prediction.predictor import Predictor, paths_of, require_predictor
from handloom.prediction.reading import HandInPhoto, Hands, look_at_photos
from handloom.prediction.results import Prediction
from handloom.support.pools.processes import run_in_order
from handloom.support.system_libraries import require_system_libraries

OnUnreadable = Callable[[Path, DataError], object]


def predict_photos(
    predictor: Predictor,
    paths: Sequence[Path],
    *,
    hands: Hands = "best",
    settings: ExtractKeypoints | None = None,
    landmarker: LandmarkerFiles | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> Generator[list[Prediction], None, None]:
    """The poses in photos, on all cores: a list a photo, in the order of the photos, as they become ready.

    A photo without a hand has an empty list. The joints are found exactly as `extract_keypoints` finds them.

    Args:
        predictor: a hand pose classifier.
        paths: the photos.
        hands: "best": one hand, which `settings.hand` chooses. "all": that one first, then what else the landmarker
            finds, two hands in a photo at most; with `settings.hand` left or right, only hands of that side.
        settings: the section `extract_keypoints`; if None its defaults, with the model's `hand`.
        landmarker: what finds the joints in place of the landmark model of the settings, as `ExportedLandmarker.at`.
        on_unreadable: called with a photo that cannot be read and the reason, at its turn; its list is then empty and
            the others go on. If None, the reason is raised at its turn: the photos before it have been answered, and
            nothing comes after it.

    Raises:
        ConfigurationError: `paths` are no paths.
        DataError: the model is for actions; while iterating: a photo cannot be read (its name is in the text).
        HandloomError: while iterating: a system library or the landmark model is missing.
    """
    require_predictor(predictor)
    paths = paths_of("paths", paths)
    if predictor.kind != "pose":
        raise DataError("photos need a hand pose classifier, and this model is for hand actions; give it videos")
    return _predictions(predictor, paths, hands, settings or predictor.extraction, landmarker, on_unreadable)


def _predictions(
    predictor: Predictor,
    paths: Sequence[Path],
    hands: Hands,
    settings: ExtractKeypoints,
    landmarker: LandmarkerFiles | None,
    on_unreadable: OnUnreadable | None,
) -> Generator[list[Prediction], None, None]:
    if not paths:
        return
    require_system_libraries(landmarker is None and settings.landmarker.runtime == "mediapipe")
    model = landmarker or landmark_model_path(settings.landmark_model)
    look = partial(look_at_photos, hands=hands, settings=settings, model=model)
    if len(paths) == 1:  # not worth other processes
        settings = replace(settings, workers=1)
    for path, found in run_in_order(look, paths, settings.workers, settings.backend, PHOTOS_TOGETHER):
        if found is None:
            found = killed_by(printable(str(path)))
        if isinstance(found, list):
            yield _answers(predictor, found)
            continue
        found = renamed(found, path, str(path))
        if on_unreadable is None:
            raise DataError(found)
        on_unreadable(path, DataError(found))
        yield []


def _answers(predictor: Predictor, hands: Sequence[HandInPhoto]) -> list[Prediction]:
    if not hands:
        return []
    windows = np.stack([hand.poses for hand in hands])
    votes = np.array([[VOTES[hand.chirality]] for hand in hands], np.int8)
    return [
        Prediction(results, range(0, 1), 0.0, 0.0, hand.chirality, hand.poses)
        for hand, results in zip(hands, predictor.answers(windows, votes), strict=True)
    ]
