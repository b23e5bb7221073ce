"""The stage: a model from the training part, resumable, tracked, the same bits each time."""

import shutil
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning

from handloom import keypoint_table, tracking
from handloom.config import Kind, Parameters, Training
from handloom.dataset.examples import Examples, read_examples
from handloom.dataset.split import class_names
from handloom.errors import ConfigurationError, DivergenceError, Paused
from handloom.models.calibration import Calibration
from handloom.models.checkpoint import read_checkpoint
from handloom.models.described_start import start_described
from handloom.models.files import HISTORY_COLUMNS, HISTORY_FILE, MODEL_FILE, RUN_FILE
from handloom.models.provenance import Provenance, landmarks_of, provenance_of, write_provenance
from handloom.support.files import sha256_of_file, write_csv
from handloom.support.fingerprint import fingerprint
from handloom.support.lock import alone
from handloom.support.workspace import Workspace
from handloom.training.alignment import aligned
from handloom.training.calibration import calibration_of
from handloom.training.callbacks import EarlyStopping, Reporter, RunLogger
from handloom.training.checkpoints import (
    KEPT_CHECKPOINTS,
    Checkpoints,
    check_fits,
    checkpoints_in,
    iteration_of,
    latest_checkpoint,
    save_model,
)
from handloom.training.checks import (
    check_examples,
    class_weights,
    count_found,
    likely_cause,
    note_of_background,
    warning_of_few,
)
from handloom.training.data import HandData
from handloom.training.module import HandModule
from handloom.training.resume import (
    KEYPOINTS,
    SPLIT,
    Finished,
    deciding,
    made_of,
    open_folder,
    what_changed,
    work_folder,
)
from handloom.training.trainer import ctrl_c_raised, session_length, trainer_for


def train(
    parameters: Parameters,
    kind: Kind,
    table: Path,
    split: Path,
    out: Path,
    checkpoints: Path | None = None,
    callbacks: Sequence[lightning.Callback] = (),
    tags: Mapping[str, str] | None = None,
) -> float | None:
    """Train on the training part; write the model, its history and what it was made of into the folder `out`.

    Interrupted and started again with the same parameters, data and code, it goes on from the last checkpoint in the
    same MLflow run and ends in the same weights, bit for bit. So does a session that ended at `iterations`, when that
    is raised.

    Args:
        parameters: all of them; the section of the kind decides.
        kind: "pose" or "action".
        table: keypoint table.
        split: its parts.
        out: folder for `model.ckpt`, `history.csv` and `run.json`.
        checkpoints: a folder that keeps every checkpoint, also when the training is done; None: one of its own in
            `.handloom/`, which keeps the newest and is removed at the end. Another process that trains the same there
            is waited for.
        callbacks: of Lightning, told of the training after everything else; they must not change it, but may end it.
        tags: further tags of the MLflow run (`tracking.Tracker.start`).

    Returns:
        The validation loss of the model; None without a validation part.

    With several devices Lightning runs the calling script again for each further one; only the first process tracks
    and writes.

    Raises:
        DataError: there is nothing to learn from.
        ConfigurationError: the accelerator is not there, or a parameter does not fit the data.
        DivergenceError: the loss or the weights were no longer numbers.
        Paused: Ctrl-C.
    """
    settings = parameters.training(kind)
    training, validation = _read(settings, table, split)
    classes = class_names(training.labels.unique().to_pylist())
    check_examples(kind, settings, training, validation, classes)
    content = made_of(kind, settings, table, split)
    mark = fingerprint(content)
    tracker = tracking.Tracker(Workspace.here())
    folder = checkpoints or work_folder(kind, mark)
    own_folder = checkpoints is None
    work = _Work(
        parameters,
        kind,
        table,
        split,
        out,
        content,
        mark,
        folder,
        own_folder,
        tags,
        tracker,
        training,
        validation,
        classes,
    )
    reporter, early_stopping = Reporter(settings, f"train_{kind}"), EarlyStopping(settings)
    saving = Checkpoints(folder, mark, settings.checkpoint_interval, kept=None if checkpoints else KEPT_CHECKPOINTS)
    trainer = trainer_for(settings, kind, folder, [reporter, early_stopping, saving, *callbacks])
    if not trainer.is_global_zero:
        _fit(work, trainer)
        return None
    # The sessions of the API have a lock of their own.
    lock = alone(folder.with_suffix(".lock"), f"train_{kind}: the same training", wait=True)
    with lock if work.own_folder else nullcontext():
        finished = Finished.of(kind, mark, tracker)
        # Whoever gave callbacks or tags wants to be told of the training, or has a run for it.
        kept = (
            work.own_folder and not callbacks and not tags and session_length(settings) == settings.maximum_iterations
        )
        if kept and (taken := finished.take(out)):
            print(f"train_{kind}: had ended already, as run {taken[0]}; its model was taken from {finished.folder}")
            shutil.rmtree(folder, ignore_errors=True)
            return taken[1]
        finished.forget()
        try:
            loss, paused = _train(work, trainer, early_stopping)
        except KeyboardInterrupt:
            raise Paused(_how_to_go_on(folder)) from None
        if work.own_folder and not paused:
            if kept:
                finished.keep(out, loss)
            shutil.rmtree(folder)
    return loss


@dataclass(frozen=True)
class _Work:
    """A training: what it learns, where its inputs and outputs are, and what decides its result."""

    parameters: Parameters
    kind: Kind
    table: Path
    split: Path
    out: Path
    content: dict[str, Any]  # see `made_of`
    mark: str  # its fingerprint
    folder: Path  # of its checkpoints
    own_folder: bool  # it is one of handloom's own
    tags: Mapping[str, str] | None
    tracker: tracking.Tracker
    training: Examples
    validation: Examples
    classes: list[str]

    @property
    def settings(self) -> Training:
        return self.parameters.training(self.kind)


def _train(work: _Work, trainer: lightning.Trainer, early_stopping: EarlyStopping) -> tuple[float | None, bool]:
    """Train to the end of the session and write the model; its validation loss, and whether there is more to come."""
    settings, kind = work.settings, work.kind
    module, data = _fit(work, trainer)
    iteration = trainer.current_epoch
    paused = iteration < settings.maximum_iterations and not trainer.should_stop
    if early_stopping.best:
        module.network.load_state_dict(early_stopping.best)
        print(
            f"train_{kind}: stopped at iteration {iteration},"
            f" the model is that of iteration {early_stopping.best_iteration}"
        )
    run = work.tracker.in_progress(work.folder)
    provenance = provenance_of(work.mark, work.table, work.content[KEYPOINTS], work.content[SPLIT])
    _write_model(run, module, calibration_of(module, data.validation_batches()), iteration, provenance, work.out)
    work.tracker.note(work.mark, run)
    if paused:
        print(
            f"train_{kind}: paused at iteration {iteration} of {settings.maximum_iterations};"
            f" with a greater train_{kind}.iterations it goes on from there"
        )
    loss = early_stopping.best_loss if early_stopping.best else module.history[-1].get("validation_loss")
    return loss, paused


def _fit(work: _Work, trainer: lightning.Trainer) -> tuple[HandModule, HandData]:
    """Go on from the newest checkpoint that is whole, or begin; the classifier and its data, at the session's end."""
    settings, kind, folder = work.settings, work.kind, work.folder
    training, classes = work.training, work.classes
    frame_rate = float(keypoint_table.read_metadata(work.table)["frame_rate"])
    weights = class_weights(count_found(training), classes) if settings.class_balance == "weights" else None

    def new_module() -> HandModule:
        return HandModule(kind, classes, frame_rate, deciding(settings), weights, landmarks_of(work.table))

    checkpoint, wrong = latest_checkpoint(
        folder, work.mark, session_length(settings), lambda content: check_fits(new_module(), content)
    )
    trainer.logger = RunLogger(
        _begin(work, checkpoint, wrong) if trainer.is_global_zero else work.tracker.in_progress(folder)
    )

    lightning.seed_everything(settings.seed, verbose=False)
    module = new_module()
    try:
        if settings.start == "described" and not checkpoint:
            start_described(module.network)
        if settings.aligned:
            training = aligned(training, settings.aligned)
        data = HandData(training, work.validation, classes, settings)
        with warnings.catch_warnings(), ctrl_c_raised():
            warnings.simplefilter("ignore")  # of workers that would not help, and of logging every 50 steps
            trainer.fit(module, datamodule=data, ckpt_path=checkpoint)
    except (FloatingPointError, ConfigurationError) as error:
        if not trainer.is_global_zero:
            sys.exit(1)  # all processes fail alike, and one line is enough
        if isinstance(error, ConfigurationError):
            raise ConfigurationError(f"train_{kind}.{error}") from None
        raise DivergenceError(
            f"{error}; {likely_cause(settings, kind, work.table)}; the last checkpoint is kept in {folder}"
        ) from None
    return module, data


def _begin(work: _Work, checkpoint: Path | None, wrong: list[str]) -> tracking.Run:
    """Say where the training starts; make its folder and open its run, or find them again."""
    changed = what_changed(work.folder, work.kind, work.content) if work.own_folder else []
    _say_where_it_starts(work.kind, checkpoint, wrong, changed)
    open_folder(work.folder, work.kind, work.content, alone=not work.own_folder)
    known = read_checkpoint(checkpoint)["run_id"] if checkpoint else None
    run = work.tracker.begin(work.folder, work.kind, work.parameters, work.mark, work.tags, known)
    _log_origin(run, work.parameters, work.table, work.content)
    examples = {"training": len(work.training), "validation": len(work.validation)}
    _log_data(run, work.table, work.split, work.content, examples)
    if warning := warning_of_few(count_found(work.training)):
        print(f"train_{work.kind}: {warning}", file=sys.stderr)
        run.set_tags({tracking.WARNING: warning})
    if note := note_of_background(work.kind, work.settings, work.classes):
        print(f"train_{work.kind}: {note}", file=sys.stderr)
    return run


def _how_to_go_on(folder: Path) -> str:
    saved = checkpoints_in(folder)
    if not saved:
        return "stopped before the first checkpoint; the same command starts it again"
    return f"paused; the same command goes on from iteration {iteration_of(saved[-1])}"


def _write_model(
    run: tracking.Run,
    module: HandModule,
    calibration: Calibration | None,
    iteration: int,
    provenance: Provenance,
    out: Path,
) -> None:
    """Write the model and what travels with it; log its hash and its calibration."""
    save_model(module, calibration, out / MODEL_FILE)
    write_csv(out / HISTORY_FILE, [dict.fromkeys(HISTORY_COLUMNS, "") | row for row in module.history])
    write_provenance(out / RUN_FILE, provenance)
    run.set_tags({tracking.MODEL_SHA256: sha256_of_file(out / MODEL_FILE)})
    if calibration:
        numbers = {f"calibration_{name}": number for name, number in calibration.metrics.items()}
        fresh = tracking.unlogged(run.logged_steps(), numbers, iteration)
        run.log_metrics(fresh, iteration, once=True)


def _read(settings: Training, table: Path, split: Path) -> tuple[Examples, Examples]:
    """The training and the validation part."""
    memory, left_hands = settings.keypoints_in_memory, settings.left_hands
    return (
        read_examples(table, split, "train", memory, left_hands),
        read_examples(table, split, "validation", memory, left_hands),
    )


def _say_where_it_starts(kind: Kind, checkpoint: Path | None, wrong: list[str], changed: list[str]) -> None:
    start = f"going on from {checkpoint.stem}" if checkpoint else "starting afresh"
    if wrong:
        print(f"train_{kind}: {', '.join(wrong)}; {start}", file=sys.stderr)
    elif checkpoint:
        print(f"train_{kind}: {start}")
    elif changed:
        others = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        print(
            f"train_{kind}: an interrupted training is not continued, because {', '.join(changed[:3])}{others}"
            f" changed; {start}",
            file=sys.stderr,
        )


def _log_origin(run: tracking.Run, parameters: Parameters, table: Path, content: Mapping[str, Any]) -> None:
    """Log what the training is made of: hashes, parameters, packages, what extraction reports and shows of the data."""
    run.set_tags(tracking.origin_tags(content[KEYPOINTS], content[SPLIT], run.store.workspace.project))
    run.log_text(tracking.parameters_text(parameters), tracking.PARAMETERS_FILE)
    run.log_text(tracking.environment_text(), tracking.ENVIRONMENT_FILE)
    shown = table.with_suffix("")
    shows_people = [*sorted(shown.glob("*.png")), *shown.glob("report.json")]  # the report names files
    run.log_private_files(shows_people, "data", parameters.tracking.pictures)


def _log_data(
    run: tracking.Run, table: Path, split: Path, content: Mapping[str, Any], examples: Mapping[str, int]
) -> None:
    """Log the two tables as MLflow's data sets; of the split, how many examples are for what."""
    run.log_inputs("keypoints", table, content[KEYPOINTS])
    run.log_inputs("split", split, content[SPLIT], examples)
