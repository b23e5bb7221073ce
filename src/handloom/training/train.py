"""A model from the training set: resumable, tracked, the same bits each time."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytorch_lightning as lightning

from handloom.config import LeftHands
from handloom.dataset.examples import Examples, known_chirality, read_examples
from handloom.dataset.split import class_names
from handloom.errors import ConfigurationError, DivergenceError
from handloom.keypoint_table import landmarkers_of, note_on_landmarkers
from handloom.models.described_start import load_pretrained
from handloom.models.files import HISTORY_COLUMNS, HISTORY_FILE, MODEL_FILE, RUN_FILE
from handloom.models.provenance import hand_of, landmarks_of, provenance_of, write_provenance
from handloom.support.files import write_csv
from handloom.support.workspace import Workspace
from handloom.training.alignment import aligned
from handloom.training.calibration import calibration_of
from handloom.training.callbacks import EarlyStopping, Reporter
from handloom.training.checkpoints import Checkpoints, check_fits, latest_checkpoint, save_model
from handloom.training.checks import (
    check_examples,
    class_weights,
    count_found,
    likely_cause,
    note_of_background,
    warning_of_few,
    warning_of_rise,
)
from handloom.training.data import HandData
from handloom.training.module import HandModule
from handloom.training.resume import KEYPOINTS, SPLIT, LastStep, Result, TrainingTask, Work, deciding
from handloom.training.tracker import RunLogger, TrainingTracker
from handloom.training.trainer import ctrl_c_raised, session_length, trainer_for

KNOWN_SHARE = 0.5  # of the training set: from here on `left_hands: auto` goes by chirality


def train(
    task: TrainingTask,
    out: Path,
    place: Workspace | Path,
    tracker: TrainingTracker | None = None,
    callbacks: Sequence[lightning.Callback] = (),
    last_step: LastStep | None = None,
) -> float | None:
    """Train on the training set; write the model, its history and what it was made of into the folder `out`.

    Interrupted and started again with the same parameters, data and code, it resumes from the last checkpoint in the
    same MLflow run and ends in the same weights, bit for bit. So does a session that ended at `iterations`, when that
    is raised.

    Args:
        task: the data and the settings.
        out: folder for `model.ckpt`, `history.csv` and `run.json`.
        place: where the work in progress lies. In a workspace it has a folder of its own, which keeps the newest
            checkpoints and is removed at the end; another process that trains the same there is waited for. A folder of
            the caller's keeps every checkpoint, also when the training is done.
        tracker: of the run in MLflow; None: there is none.
        callbacks: of Lightning, told of the training after everything else; they must not change it, but may end it.
        last_step: adds to the model's file before its hash is recorded.

    Returns:
        The validation loss of the model; None without a validation set.

    With several devices Lightning runs the calling script again for each; only the first process tracks and writes.

    Raises:
        DataError: there is nothing to learn from.
        ConfigurationError: the accelerator is not there, or a parameter does not fit the data.
        DivergenceError: the loss or the weights were no longer numbers.
        Paused: Ctrl-C.
    """
    settings = task.settings
    parts, work = _read(task), Work.of(task, place, last_step)
    early_stopping = EarlyStopping(settings)
    saving = Checkpoints(work.folder, task.fingerprint, settings.checkpoint_interval, work.kept_checkpoints)
    reporter = Reporter(settings, f"train_{task.kind}")
    trainer = trainer_for(settings, task.kind, work.folder, [reporter, early_stopping, saving, *callbacks])
    first = trainer.is_global_zero  # of several processes; the others only fit
    # Callbacks want to be told of the training itself, and so does a run that has tags of its caller's.
    reusable = session_length(settings) == settings.maximum_iterations and not (callbacks or (tracker and tracker.tags))

    with work.alone() if first else nullcontext():
        if first and (ended := _taken(work, out, tracker, reusable)):
            return ended.loss
        checkpoint = _open(work, parts, trainer, tracker)
        with _explained(work, trainer):
            module, data = _build(task, parts, checkpoint)
            _fit(trainer, module, data, checkpoint)
        if not first:
            return None
        loss, paused = _finish(work, out, trainer, early_stopping, module, data)
        if reusable and not paused:
            work.keep_result(out, loss)
        if not paused:
            work.remove()
        return loss


@dataclass(frozen=True)
class _Parts:
    """What is trained on, and what it is held to.

    Attributes:
        training, validation: the examples.
        classes: the labels of the training set in order.
        left_hands: how left hands were read.
    """

    training: Examples
    validation: Examples
    classes: list[str]
    left_hands: LeftHands


def _read(task: TrainingTask) -> _Parts:
    """The two parts, after looking that they can be trained on."""
    memory, left_hands = task.settings.keypoints_in_memory, left_hands_for(task)
    training = read_examples(task.table, task.split, "train", memory, left_hands)
    validation = read_examples(task.table, task.split, "validation", memory, left_hands)
    classes = class_names(training.labels.unique().to_pylist())
    check_examples(task.kind, task.settings, training, validation, classes)
    return _Parts(training, validation, classes, left_hands)


def left_hands_for(task: TrainingTask) -> LeftHands:
    """How a training reads left hands: as its parameter says, or as its training set allows (`auto`).

    Left hands of clips stay as they are: mirrored, a swipe to the left would be one to the right.
    """
    if task.settings.left_hands != "auto":
        return task.settings.left_hands
    if task.kind == "pose" and known_chirality(task.table, task.split, "train") > KNOWN_SHARE:
        return "mirrored"
    return "as_they_are"


def _taken(work: Work, out: Path, tracker: TrainingTracker | None, reusable: bool) -> Result | None:
    """Write the result of the same training that has ended before to `out`; None where there is none to be used."""
    task = work.task
    ended = work.kept_result() if reusable else None
    run = tracker.not_evaluated(task) if ended and tracker else None
    if not ended or (tracker and not run):  # it was evaluated: the stage had come to its end, and is to train again
        work.forget_result()
        return None
    work.take_result(out)
    which = f", as run {run.run_id}" if run else ""
    print(f"train_{task.kind}: had ended already{which}; its model was taken from {work.results}")
    work.remove()
    return ended


def _open(work: Work, parts: _Parts, trainer: lightning.Trainer, tracker: TrainingTracker | None) -> Path | None:
    """The newest checkpoint that is whole and fits; None to begin. The first process opens the folder and the run."""
    task = work.task
    checkpoint, wrong = latest_checkpoint(
        work.folder,
        task.fingerprint,
        session_length(task.settings),
        lambda content: check_fits(_module(task, parts), content),
    )
    if not trainer.is_global_zero:
        return checkpoint
    _say_where_it_starts(task, checkpoint, wrong, work.what_changed())
    work.open()
    warning = warning_of_few(count_found(parts.training))
    if tracker:
        examples = {"training": len(parts.training), "validation": len(parts.validation)}
        trainer.logger = tracker.open(work, checkpoint, examples, warning)
    notes = note_on_landmarkers(task.table)
    for line in (warning, note_of_background(task.kind, task.settings, parts.classes), *notes):
        if line:
            print(f"train_{task.kind}: {line}", file=sys.stderr)
    return checkpoint


def _build(task: TrainingTask, parts: _Parts, checkpoint: Path | None) -> tuple[HandModule, HandData]:
    """The module with the weights that it begins with, and its data."""
    settings = task.settings
    lightning.seed_everything(settings.seed, verbose=False)
    module = _module(task, parts)
    if not checkpoint:
        load_pretrained(module.network, task.kind, settings.pretrained_weights)
    training = aligned(parts.training, settings.align_to) if settings.align_to else parts.training
    return module, HandData(training, parts.validation, parts.classes, settings)


def _module(task: TrainingTask, parts: _Parts) -> HandModule:
    settings, classes = replace(task.settings, left_hands=parts.left_hands), parts.classes
    weights = class_weights(count_found(parts.training), classes) if settings.class_balance == "weights" else None
    return HandModule(
        task.kind,
        classes,
        task.frame_rate,
        deciding(settings),
        weights,
        landmarks_of(task.table),
        hand_of(task.table),
        ", ".join(landmarkers_of(task.table)),
    )


def _fit(trainer: lightning.Trainer, module: HandModule, data: HandData, checkpoint: Path | None) -> None:
    with warnings.catch_warnings(), ctrl_c_raised():
        warnings.simplefilter("ignore")  # of workers that would not help, and of logging every 50 steps
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint)


def _finish(
    work: Work,
    out: Path,
    trainer: lightning.Trainer,
    early_stopping: EarlyStopping,
    module: HandModule,
    data: HandData,
) -> tuple[float | None, bool]:
    """Write the model and what travels with it; its validation loss, and whether there is more to come."""
    task, iteration = work.task, trainer.current_epoch
    if early_stopping.best:
        module.network.load_state_dict(early_stopping.best)
        stopped = f"stopped at iteration {iteration}, " if trainer.should_stop else ""
        print(f"train_{task.kind}: {stopped}the model is that of iteration {early_stopping.best_iteration}")
    elif rise := warning_of_rise(task.settings, task.kind, module.spec.classes, module.history):
        print(f"train_{task.kind}: {rise}", file=sys.stderr)
    calibration = calibration_of(module, data.validation_batches())
    save_model(module, calibration, out / MODEL_FILE)
    if work.last_step:
        work.last_step.add_to(out / MODEL_FILE)
    write_csv(out / HISTORY_FILE, [dict.fromkeys(HISTORY_COLUMNS, "") | row for row in module.history])
    provenance = provenance_of(task.fingerprint, task.table, task.made_of[KEYPOINTS], task.made_of[SPLIT])
    write_provenance(out / RUN_FILE, provenance)
    if isinstance(trainer.logger, RunLogger):
        trainer.logger.finish(out / MODEL_FILE, calibration, iteration)
    paused = iteration < task.settings.maximum_iterations and not trainer.should_stop
    if paused:
        print(
            f"train_{task.kind}: paused at iteration {iteration} of {task.settings.maximum_iterations};"
            f" with a greater train_{task.kind}.iterations it resumes from there"
        )
    kept = early_stopping.best_iteration if early_stopping.best else module.history[-1]["iteration"]
    row = next(row for row in module.history if row["iteration"] == kept)
    return row.get("validation_loss"), paused


@contextmanager
def _explained(work: Work, trainer: lightning.Trainer) -> Iterator[None]:
    """Say of numbers that ran away why, and of a wrong parameter its full name."""
    kind = work.task.kind
    try:
        yield
    except (FloatingPointError, ConfigurationError) as error:
        if not trainer.is_global_zero:
            sys.exit(1)  # all processes fail alike, and one line is enough
        if isinstance(error, ConfigurationError):
            raise ConfigurationError(f"train_{kind}.{error}") from None
        cause = likely_cause(work.task.settings, kind, work.task.table)
        raise DivergenceError(f"{error}; {cause}; the last checkpoint is kept in {work.folder}") from None


def _say_where_it_starts(task: TrainingTask, checkpoint: Path | None, wrong: list[str], changed: list[str]) -> None:
    start = f"resuming from {checkpoint.stem}" if checkpoint else "starting from the beginning"
    if wrong:
        print(f"train_{task.kind}: {', '.join(wrong)}; {start}", file=sys.stderr)
    elif checkpoint:
        print(f"train_{task.kind}: {start}")
    elif changed:
        others = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        print(
            f"train_{task.kind}: an interrupted training is not continued, because {', '.join(changed[:3])}{others}"
            f" changed; {start}",
            file=sys.stderr,
        )
