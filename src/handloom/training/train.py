"""The stage: a model from the training part, resumable, tracked, the same bits each time."""

import logging
import shutil
import warnings
from collections import Counter
from pathlib import Path

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import MLFlowLogger

from handloom import keypoint_table, tracking
from handloom.config import Kind, Parameters, Training, as_plain
from handloom.dataset.classes import class_names
from handloom.dataset.examples import Example, read_examples
from handloom.errors import DataError, HandloomError
from handloom.files import write_csv
from handloom.models.folder import HISTORY_FILE, MODEL_FILE, RUN_FILE
from handloom.training.batches import HandData
from handloom.training.checkpoints import (
    AtomicCheckpointIO,
    latest_checkpoint,
    save_model,
    training_fingerprint,
    work_folder,
)
from handloom.training.module import HandClassifier
from handloom.training.reporter import Reporter


def train(parameters: Parameters, kind: Kind, table: Path, split: Path, out: Path) -> None:
    """Train on the training part; write the model, its history and the id of its MLflow run into the folder `out`.

    Interrupted and started again with the same parameters, data and code, it goes on from the last checkpoint in the
    same MLflow run and ends in the same weights, bit for bit.

    Raises:
        DataError: there is nothing to learn from.
        HandloomError: the loss was no longer a number.
    """
    settings = parameters.training(kind)
    training = read_examples(table, split, "train")
    validation = read_examples(table, split, "validation")
    classes = class_names(example.label for example in training)
    _check(training, validation, classes)

    mark = training_fingerprint({"kind": kind, "training": as_plain(settings)}, [table, split])
    folder = work_folder(kind, mark)
    checkpoint = latest_checkpoint(folder)
    run_id = _run(folder, parameters, kind)
    if checkpoint:
        print(f"train_{kind}: going on from {checkpoint.stem}")

    torch.set_num_threads(settings.threads)
    lightning.seed_everything(settings.seed, verbose=False)
    frame_rate = float(keypoint_table.read_metadata(table)["frame_rate"])
    module = HandClassifier(kind, classes, frame_rate, as_plain(settings))
    trainer = _trainer(settings, kind, folder, run_id)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of workers that would not help, and of logging every 50 steps
            trainer.fit(module, datamodule=HandData(training, validation, classes, settings), ckpt_path=checkpoint)
    except FloatingPointError as error:
        raise HandloomError(
            f"train_{kind}: {error}; lower train_{kind}.optimizer.lr or look for odd joints in {table};"
            f" the last checkpoint is kept in {folder}"
        ) from None

    save_model(module, out / MODEL_FILE)
    write_csv(out / HISTORY_FILE, module.history)
    tracking.write_run_file(out / RUN_FILE, run_id)
    shutil.rmtree(folder)


def _trainer(settings: Training, kind: Kind, folder: Path, run_id: str) -> lightning.Trainer:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # it would advertise and list devices
    return lightning.Trainer(
        max_epochs=settings.maximum_iterations,
        accelerator=settings.accelerator,
        devices=1,
        deterministic=True,
        gradient_clip_val=settings.optimizer.gradient_clip or None,
        check_val_every_n_epoch=min(settings.report_interval, settings.maximum_iterations),
        num_sanity_val_steps=0,
        callbacks=[
            Reporter(settings.report_interval, f"train_{kind}"),
            ModelCheckpoint(
                dirpath=folder,
                filename="iteration-{epoch:06d}",
                auto_insert_metric_name=False,
                every_n_epochs=settings.checkpoint_interval,
                save_on_train_epoch_end=True,
            ),
        ],
        plugins=[AtomicCheckpointIO()],
        logger=MLFlowLogger(tracking_uri=tracking.tracking_uri(), run_id=run_id),
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )


def _run(folder: Path, parameters: Parameters, kind: Kind) -> str:
    """The MLflow run of the training in progress in `folder`, or a new one."""
    run_file = folder / RUN_FILE
    if run_file.exists():
        run_id = tracking.open_run(run_file, kind, parameters)
        tracking.resume_run(run_id)
    else:
        run_id = tracking.start_run(kind, parameters)
    tracking.write_run_file(run_file, run_id)
    return run_id


def _check(training: list[Example], validation: list[Example], classes: list[str]) -> None:
    found = Counter(example.label for example in training if example.hand_found)
    for label in classes:
        if not found[label]:
            raise DataError(
                f"class {label!r}: no hand was found in any of its training examples; add pictures or remove it"
            )
    if len(classes) < 2:
        raise DataError(f"only the class {classes[0]!r} is left to learn from; a classifier needs two")
    for example in validation:
        if example.label not in found:
            raise DataError(
                f"class {example.label!r}: only the validation part has it ({example.name}); add it to training"
            )
