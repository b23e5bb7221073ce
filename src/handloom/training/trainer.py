"""The Lightning trainer of a training: what `params.yaml` says of devices, precision and length, and nothing shown."""

import logging
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytorch_lightning as lightning
from lightning_fabric.utilities.exceptions import MisconfigurationException

from handloom.config import Kind, Training
from handloom.errors import ConfigurationError, first_line
from handloom.training.checkpoints import AtomicCheckpointIO


def session_length(settings: Training) -> int:
    """The iteration at which this session ends, if nothing stops it before."""
    return min(settings.maximum_iterations, settings.iterations)


def trainer_for(
    settings: Training, kind: Kind, folder: Path, callbacks: Sequence[lightning.Callback]
) -> lightning.Trainer:
    """The trainer, without a logger.

    Args:
        settings: the section of the kind.
        kind: names the section in errors.
        folder: for what Lightning may write; checkpoints are the callbacks' matter.
        callbacks: in the order in which they run.

    Raises:
        ConfigurationError: this machine lacks what the section asks for.
    """
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)  # they would advertise and list devices
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a GPU that is there and was not asked for
            trainer = lightning.Trainer(
                max_epochs=session_length(settings),
                accelerator=settings.accelerator,
                devices=settings.devices,
                strategy=settings.strategy,
                precision=settings.precision,
                use_distributed_sampler=False,  # batches take their process's share themselves
                deterministic=True,
                gradient_clip_val=settings.optimizer.gradient_clip or None,
                check_val_every_n_epoch=settings.report_interval,
                num_sanity_val_steps=0,
                callbacks=list(callbacks),
                plugins=[AtomicCheckpointIO()],
                logger=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                default_root_dir=folder,
            )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"train_{kind}.accelerator {settings.accelerator}, devices {settings.devices}, strategy"
            f" {settings.strategy} and precision {settings.precision} do not go together on this machine"
            f" ({first_line(error)}); set train_{kind}.accelerator=cpu train_{kind}.devices=1, or what it has"
        ) from None
    if settings.precision == "16-mixed" and trainer.strategy.root_device.type == "cpu":
        # Lightning would take bf16-mixed instead, and only warn.
        raise ConfigurationError(f"train_{kind}.precision: 16-mixed needs a GPU; set bf16-mixed or 32-true")
    return trainer


@contextmanager
def ctrl_c_raised() -> Iterator[None]:
    """Within, Ctrl-C raises KeyboardInterrupt as it does elsewhere; Lightning would end the process with status 1."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            signal.signal(signal.SIGINT, handler)  # which Lightning has switched off
            raise KeyboardInterrupt from None
        raise
