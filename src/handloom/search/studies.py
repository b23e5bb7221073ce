"""Where the trials of searches are kept: Optuna's studies, in one sqlite file of the main repository.

`hydra-optuna-sweeper` wants Optuna 2.10, which is older than SQLAlchemy 2: it stamps a new file with its version in a
transaction that SQLAlchemy 2 no longer commits by itself. So the file is made with a connection that commits each
statement, and used with one that does not.
"""

from pathlib import Path

import optuna
from optuna.pruners import PercentilePruner
from optuna.storages import RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from typing_extensions import override

from handloom.config import Parameters
from handloom.errors import HandloomError
from handloom.files import creating
from handloom.repository import main_repository
from handloom.sqlite_address import sqlite_address

GIVEN_UP_AT = "given_up_at"  # attribute of a trial: the iteration at which it was pruned
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class Studies(_CachedStorage):
    """Optuna's storage in `.handloom/searches.sqlite`, which knows of pruning.

    Hydra's sweeper knows only complete and failed trials; here one that was given up is stored as pruned.
    """

    def __init__(self) -> None:
        path = _folder() / "searches.sqlite"
        if not path.exists():
            _make(path)
        super().__init__(RDBStorage(sqlite_address(path), engine_kwargs={"connect_args": {"timeout": 60}}))

    @override
    def set_trial_state(self, trial_id: int, state: TrialState) -> bool:
        if state == TrialState.COMPLETE and GIVEN_UP_AT in self._backend.get_trial(trial_id).user_attrs:
            state = TrialState.PRUNED
        return bool(super().set_trial_state(trial_id, state))


def open_study(name: str, parameters: Parameters, iterations: int) -> Study:
    """The study of this name, made if it is not there; with the pruner that `parameters.search` describes."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = parameters.search
    pruner = PercentilePruner(
        100 * settings.kept_share, settings.prune_after_trials, n_warmup_steps=round(settings.prune_from * iterations)
    )
    return optuna.create_study(
        study_name=name, storage=Studies(), direction="minimize", pruner=pruner, load_if_exists=True
    )


def take_up_killed_trials(study: Study) -> None:
    """Let trials whose process was killed be the next ones, with the values they have."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study._storage.set_trial_state(trial._trial_id, TrialState.WAITING)


def running_trial(study: Study) -> Trial:
    """The one trial that runs now."""
    (trial,) = study.get_trials(states=(TrialState.RUNNING,))
    return Trial(study, trial._trial_id)


def finished_trials(study: Study) -> list[FrozenTrial]:
    """Those that need not be run any more."""
    return study.get_trials(states=FINISHED)


def best_trial(study: Study) -> FrozenTrial:
    """The complete trial with the lowest loss.

    Raises:
        HandloomError: there is none.
    """
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    if not complete:
        raise HandloomError(f"search {study.study_name}: no trial came to its end; lower the learning rates it tries")
    return min(complete, key=lambda trial: (trial.value, trial.number))


def folder_of(name: str) -> Path:
    """The folder for what the trials of a search write."""
    return _folder() / name


def _folder() -> Path:
    folder = main_repository() / ".handloom" / "search"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make(path: Path) -> None:
    with creating(path) as beside:
        storage = RDBStorage(sqlite_address(beside), engine_kwargs={"isolation_level": "AUTOCOMMIT"})
        storage.engine.dispose()
