"""Actions in videos, and poses in their frames."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, groupby
from pathlib import Path

from handloom.config import ExtractKeypoints
from handloom.errors import DataError, printable, renamed
from handloom.extraction.extraction import Extraction
from handloom.hand import CHIRALITIES
from handloom.landmarks.files import killed_by
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.landmarker import LandmarkerFiles
from handloom.media.limits import MediaLimits
from handloom.media.timeline import read_timeline
from handloom.prediction.photos import OnUnreadable
from handloom.prediction.predictor import Predictor, path_of, paths_of, require_predictor
from handloom.prediction.reading import Job, Piece, pieces_of, read_jobs
from handloom.prediction.results import Prediction
from handloom.prediction.windows import Tick, predict_ticks, usual_stride
from handloom.support.pools.processes import run_in_order
from handloom.support.system_libraries import require_system_libraries

Outcome = Extraction | str | None


def predict_video(
    predictor: Predictor,
    path: Path,
    *,
    stride: int | None = None,
    settings: ExtractKeypoints | None = None,
    landmarker: LandmarkerFiles | None = None,
    empty_windows: bool = False,
) -> Iterator[Prediction]:
    """The actions in a clip, window by window, on all cores, while the rest of it is still being read.

    The clip is brought to the model's frame rate as in training: each tick shows the newest frame that is not later.
    There is a window every `stride` ticks, the last one flush with the clip's end; a clip that is shorter than the
    window is filled up with zeros at its end. A window without any hand is left out, so a clip without a hand has no
    predictions. Memory does not grow with the clip, but for 40 bytes a source frame while it is planned.

    A clip of more than 45 seconds is read in pieces of about 30 by several processes. In each the hand is looked for
    again, a second before it begins; how a clip is cut depends on the clip alone, so its predictions do not depend on
    the number of processes.

    A pose classifier answers for every frame: its window is one frame, and its rate that of the clip.

    Args:
        predictor: a classifier.
        path: the clip.
        stride: frames at the model's rate from one window to the next. None: that of the model's stream settings, else
            a third of the window, at least 1.
        settings: the section `extract_keypoints`, whose `target_frame_rate` is the model's, whatever it says. If None,
            its defaults, but clips slower than the model's frame rate are accepted, with frames repeated and a warning.
        landmarker: what finds the joints in place of the landmark model of the settings, as `ExportedLandmarker.at`.
        empty_windows: give windows without any hand too, with empty `results`.

    Raises:
        DataError: while iterating: the clip cannot be read. One that breaks off gives a warning and the predictions of
            the part before.
        ConfigurationError: the stride is below 1, or `path` is no path.
        HandloomError: while iterating: a system library or the landmark model is missing.
    """
    require_predictor(predictor)
    stride = usual_stride(predictor, stride)
    return _one(predictor, path_of("path", path), stride, _adapted(settings, predictor), landmarker, empty_windows)


def predict_videos(
    predictor: Predictor,
    paths: Sequence[Path],
    *,
    stride: int | None = None,
    settings: ExtractKeypoints | None = None,
    landmarker: LandmarkerFiles | None = None,
    on_unreadable: OnUnreadable | None = None,
    empty_windows: bool = False,
) -> Iterator[list[Prediction]]:
    """The same of several clips: a list a clip, in the order of the clips, the clips read at the same time.

    Args:
        predictor: a classifier.
        paths: the clips.
        stride: as in `predict_video`.
        settings: as in `predict_video`.
        landmarker: as in `predict_video`.
        on_unreadable: called with a clip that cannot be read and the reason, see `predict_photos`.
        empty_windows: as in `predict_video`.

    Raises:
        DataError: as in `predict_video`.
        ConfigurationError: as in `predict_video`.
        HandloomError: as in `predict_video`.
    """
    require_predictor(predictor)
    stride = usual_stride(predictor, stride)
    settings = _adapted(settings, predictor)
    return _several(predictor, paths_of("paths", paths), stride, settings, landmarker, on_unreadable, empty_windows)


def clip_rate(predictor: Predictor, path: Path, settings: ExtractKeypoints | None = None) -> float:
    """At how many frames a second a model is asked of a clip: a pose classifier at the clip's own.

    Raises:
        DataError: the clip cannot be read, or costs more than the limits of `settings` (the usual ones if None) allow.
    """
    if predictor.kind == "action":
        return float(predictor.frame_rate)

    from handloom.media.sampling import usual_frame_rate

    timeline = read_timeline(path, 0.0, None, MediaLimits.of(settings or predictor.extraction))
    return usual_frame_rate(timeline.times) or float(predictor.frame_rate)


def _adapted(settings: ExtractKeypoints | None, predictor: Predictor) -> ExtractKeypoints:
    settings = settings or replace(predictor.extraction, accept_slow_clips=True)
    return replace(settings, accept_slow_clips=settings.accept_slow_clips or predictor.kind == "pose")


def _one(
    predictor: Predictor,
    path: Path,
    stride: int,
    settings: ExtractKeypoints,
    landmarker: LandmarkerFiles | None,
    empty_windows: bool,
) -> Iterator[Prediction]:
    jobs = list(_jobs_of(predictor, 0, path, settings))
    yield from _answered(predictor, _run(jobs, settings, landmarker), stride, empty_windows)


def _several(
    predictor: Predictor,
    paths: Sequence[Path],
    stride: int,
    settings: ExtractKeypoints,
    landmarker: LandmarkerFiles | None,
    on_unreadable: OnUnreadable | None,
    empty_windows: bool,
) -> Iterator[list[Prediction]]:
    if not paths:
        return
    answered = _run(_jobs(predictor, paths, settings), settings, landmarker)
    for clip, run in groupby(answered, key=lambda pair: pair[0].clip):
        try:
            found = list(_answered(predictor, run, stride, empty_windows))
        except DataError as error:
            if on_unreadable is None:
                raise
            on_unreadable(paths[clip], error)
            found = []
        yield found


def _jobs(predictor: Predictor, paths: Sequence[Path], settings: ExtractKeypoints) -> Iterator[Job]:
    for clip, path in enumerate(paths):
        try:
            yield from _jobs_of(predictor, clip, path, settings)
        except DataError as error:
            yield Job(clip, str(error))


def _jobs_of(predictor: Predictor, clip: int, path: Path, settings: ExtractKeypoints) -> Iterator[Job]:
    try:
        rate = clip_rate(predictor, path, settings)
        for piece in pieces_of(path, replace(settings, target_frame_rate=rate)):
            yield Job(clip, piece)
    except DataError as error:
        raise DataError(renamed(str(error), path, str(path))) from None


def _answered(
    predictor: Predictor, run: Iterable[tuple[Job, Outcome]], stride: int, empty_windows: bool
) -> Iterator[Prediction]:
    """The predictions of one clip, at the rate at which it was cut into pieces."""
    run = iter(run)
    first = next(run)
    piece = first[0].piece
    tick_rate = None if isinstance(piece, str) else piece.frame_rate
    yield from predict_ticks(predictor, _blocks(chain([first], run)), stride, empty_windows, tick_rate)


def _run(
    jobs: Iterable[Job], settings: ExtractKeypoints, landmarker: LandmarkerFiles | None
) -> Iterator[tuple[Job, Outcome]]:
    require_system_libraries(landmarker is None and settings.landmarker.runtime == "mediapipe")
    model = landmarker or landmark_model_path(settings.landmark_model)
    # Whether a clip is too slow was decided when it was planned, and not by a piece of it.
    read = partial(read_jobs, settings=replace(settings, accept_slow_clips=True), model=model)
    return run_in_order(read, jobs, settings.workers, settings.backend)


def _blocks(run: Iterable[tuple[Job, Outcome]]) -> Iterator[list[Tick]]:
    """The ticks of one clip, a piece at a time, up to where it breaks off."""
    warned: set[str] = set()
    for job, outcome in run:
        if isinstance(job.piece, str):
            raise DataError(job.piece)
        piece = job.piece
        if outcome is None:
            outcome = killed_by(piece.name)
        if isinstance(outcome, str):
            outcome = renamed(outcome, piece.stretch.path, piece.name)
            if not piece.first_tick:
                raise DataError(outcome)
            _warn(f"{outcome}: only the part before is used")
            return
        for text in outcome.warnings:
            if text not in warned:
                warned.add(text)
                _warn(f"{piece.name}: {text}")
        ticks = _ticks(piece, outcome)
        yield ticks
        if len(ticks) < piece.ticks:  # it broke off
            return


def _ticks(piece: Piece, extraction: Extraction) -> list[Tick]:
    rows = extraction.frames[piece.skip :]
    return [
        Tick(
            row["keypoints"],
            CHIRALITIES[row["chirality"]],
            range(first, max(first + 1, following)),
            tick / piece.frame_rate,
        )
        for tick, (row, first, following) in enumerate(
            zip(rows, piece.shown[:-1].tolist(), piece.shown[1:].tolist(), strict=False), piece.first_tick
        )
    ]


def _warn(text: str) -> None:
    warnings.warn(printable(text), stacklevel=2)
