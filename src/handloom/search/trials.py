"""The trials of a search: kept in an Optuna study, chosen by its sampler, pruned by its pruner.

A trial is noted when it has ended, with what it reported on the way. A search that was killed therefore finds in the
study what is done; the sampler, seeded by the trial's number, chooses the same values for the next one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import optuna
import pytorch_lightning as lightning
from optuna.distributions import BaseDistribution
from optuna.pruners import PercentilePruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial
from typing_extensions import override

from handloom.config import Search, Training
from handloom.errors import HandloomError
from handloom.support.files import creating
from handloom.support.sqlite_address import sqlite_address
from handloom.training.callbacks import ModuleCallback, report_due

Ranges = Mapping[str, BaseDistribution]


def open_study(folder: Path, name: str) -> Study:
    """The study of this name in a folder's `searches.sqlite`; made if it is not there."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "searches.sqlite"
    if not path.exists():
        with creating(path) as temporary:
            _storage(temporary).engine.dispose()
    return optuna.create_study(study_name=name, storage=_storage(path), direction="minimize", load_if_exists=True)


def next_values(trials: Sequence[FrozenTrial], ranges: Ranges, settings: Search) -> dict[str, Any]:
    """The values of the trial after these, by Optuna's TPE: the same ones whenever it is asked."""
    seed = crc32(f"{settings.seed} {len(trials)}".encode())
    sampler = TPESampler(seed=seed, n_startup_trials=settings.startup_trials)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    study.add_trials(trials)
    return dict(study.ask(dict(ranges)).params)


def ended_trial(
    values: Mapping[str, Any],
    ranges: Ranges,
    loss: float | None,
    reported: Mapping[int, float],
    given_up: bool,
) -> FrozenTrial:
    """A trial for `Study.add_trial`; a loss of None is that of a training that diverged."""
    state = TrialState.FAIL if loss is None else TrialState.PRUNED if given_up else TrialState.COMPLETE
    return create_trial(
        state=state,
        params=dict(values),
        distributions=dict(ranges),
        value=loss,
        intermediate_values=dict(reported),
    )


class GivingUp:
    """Percentile pruning: stop a trial whose best loss is not within the best `percentile` of the earlier trials.

    Args:
        trials: those before.
        settings: the section `search`.
        iterations: `maximum_iterations` of the training.
    """

    def __init__(self, trials: Sequence[FrozenTrial], settings: Search, iterations: int) -> None:
        self._study = optuna.create_study(direction="minimize")
        self._study.add_trials(trials)
        self._pruner = PercentilePruner(
            settings.percentile,
            settings.prune_after_trials,
            n_warmup_steps=round(settings.prune_warmup * iterations),
        )

    def first(self, reported: Mapping[int, float]) -> int | None:
        """The iteration at which a trial with these losses is pruned; None: it is not."""
        told: dict[int, float] = {}
        for iteration, loss in sorted(reported.items()):
            told[iteration] = loss
            trial = create_trial(state=TrialState.RUNNING, intermediate_values=told)
            if self._pruner.prune(self._study, trial):
                return iteration
        return None


def best_trial(study: Study) -> FrozenTrial:
    """The complete trial with the lowest loss.

    Raises:
        HandloomError: there is none.
    """
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    if not complete:
        raise HandloomError(f"search {study.study_name}: every trial failed or was pruned; lower the learning rates")
    return min(complete, key=lambda trial: (trial.value, trial.number))


def _storage(path: Path) -> RDBStorage:
    return RDBStorage(sqlite_address(path), engine_kwargs={"connect_args": {"timeout": 60}})


class Pruning(ModuleCallback):
    """Stops the training at the first report at which the trial is pruned.

    The training ends as by early stopping, so that its run, its history and its model are whole. What decides is the
    history, which checkpoints carry: a trial that was killed and resumes is pruned where it would have been.

    Args:
        giving_up: the rule.
        settings: the training section.
    """

    def __init__(self, giving_up: GivingUp, settings: Training) -> None:
        self.giving_up = giving_up
        self.settings = settings
        self.reported: dict[int, float] = {}  # validation loss by iteration
        self.given_up_at: int | None = None

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._look(trainer)  # it may have been killed before its model was written

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if report_due(self.settings, trainer.current_epoch + 1):
            self._look(trainer)

    def _look(self, trainer: lightning.Trainer) -> None:
        last = self.settings.maximum_iterations  # at the end there is nothing left to save
        rows = [row for row in self.module.history if row["iteration"] != last]
        self.reported = {int(row["iteration"]): row["validation_loss"] for row in rows}
        self.given_up_at = self.giving_up.first(self.reported)
        if self.given_up_at is not None:
            trainer.should_stop = True
