"""A search: trials of a training that Hydra's Optuna sweeper chooses, kept so that a killed one goes on."""

from pathlib import Path

from omegaconf import DictConfig
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from handloom import tracking
from handloom.config import Kind
from handloom.dataset.split import read_split
from handloom.errors import DataError, DivergenceError, HandloomError
from handloom.fingerprint import fingerprint
from handloom.lock import alone
from handloom.multirun import Multirun
from handloom.search.best import write_best
from handloom.search.pruning import Pruning
from handloom.search.space import check_settings, space_of
from handloom.search.studies import (
    GIVEN_UP_AT,
    finished_trials,
    folder_of,
    open_study,
    running_trial,
    take_up_killed_trials,
)
from handloom.stage import parameters_of
from handloom.training.train import train
from handloom.training.work import made_of


def search(multirun: Multirun, kind: Kind, table: Path, split: Path) -> None:
    """Run the trials that are missing, track them below one run, and write the best parameters into `conf/`.

    A search is known by its space, its other parameters, the data and the code: started again, it goes on, with the
    trial that was killed first; with a greater `hydra.sweeper.n_trials` it adds trials.

    Raises:
        ConfigurationError: the space or a parameter is wrong.
        DataError: there is no validation part, whose loss is what a search lowers.
        HandloomError: the same search is running already, or no trial came to its end.
    """
    composed = multirun.composed()
    parameters, space = parameters_of(composed), space_of(kind, composed, multirun.overrides)
    Multirun(multirun.project, [*multirun.overrides, *space.overrides], multirun.stop).check(parameters_of)
    check_settings(kind, parameters.training(kind))
    _check_data(kind, table, split)
    sampler = dict(composed.hydra.sweeper.sampler)
    made = made_of(kind, parameters.training(kind), table, split)
    content = {name: value for name, value in made.items() if name not in space.ranges}
    name = f"{kind}-{fingerprint([content, space.ranges, sampler, str(parameters.search)])[:12]}"

    with alone(folder_of(name).with_suffix(".lock"), f"search {name}"):
        study = open_study(name, parameters, parameters.training(kind).maximum_iterations)
        take_up_killed_trials(study)
        parent = tracking.start_run(kind, parameters, {tracking.JOB: name, "mlflow.runName": f"search {name}"})
        before = len(finished_trials(study))
        print(f"search {name}: {before} of {space.count} trials are there")
        if before < space.count:
            seeded = [] if sampler["_target_"] != "optuna.samplers.TPESampler" else [_OUR_SAMPLER]
            further = [*_of_the_sweeper(name, space.count - before), *seeded]
            multirun.launch(
                lambda one: _run_trial(one, multirun, kind, table, split, name, parent, space.count), further
            )
        study = open_study(name, parameters, parameters.training(kind).maximum_iterations)
        best = _best(study)
        path = write_best(multirun, kind, [*space.ranges, *space.fixed], best, len(finished_trials(study)))
        tracking.log_metrics(parent, {"best_validation_loss": best.value or 0.0, "best_trial": best.number + 1})
        tracking.log_files(parent, [path], "search")
        tracking.end_run(parent)


_OUR_SAMPLER = "hydra.sweeper.sampler._target_=handloom.search.sampler.SeededByTrial"


def _of_the_sweeper(name: str, count: int) -> list[str]:
    return [
        f"hydra.sweeper.n_trials={count}",
        f"hydra.sweeper.study_name={name}",
        "hydra.sweeper.storage={_target_:handloom.search.studies.Studies}",
        "hydra.sweeper.direction=minimize",
        "hydra.sweeper.n_jobs=1",  # one after another, so that each learns from all before it
        f"hydra.sweep.dir='{str(folder_of(name)).translate(_QUOTED)}'",
    ]


_QUOTED = str.maketrans({"'": "\\'"})


def _run_trial(
    composed: DictConfig,
    multirun: Multirun,
    kind: Kind,
    table: Path,
    split: Path,
    name: str,
    parent: str,
    count: int,
) -> float | None:
    """The validation loss of the trial that the sweeper has just asked for; None where it failed."""
    try:
        parameters = parameters_of(composed)
        settings = parameters.training(kind)
        study = open_study(name, parameters, settings.maximum_iterations)
        trial = running_trial(study)
        job = f"{name}-{trial.number}"
        tags = {tracking.JOB: job, tracking.PARENT: parent, "mlflow.runName": f"trial {trial.number + 1} of {name}"}
        try:
            out = folder_of(name) / f"trial-{trial.number}"
            loss = train(parameters, kind, table, split, out, callbacks=[Pruning(trial, settings)], tags=tags)
        except DivergenceError as error:
            print(f"trial {trial.number + 1} of {count}: failed, {error}", flush=True)
            if len(finished_trials(study)) == count - 1:
                _best(study)  # Hydra's sweeper would end in a traceback where there is none
            return None
        given_up = study.trials[trial.number].user_attrs.get(GIVEN_UP_AT)
        end = f", given up at iteration {given_up}" if given_up else ""
        print(f"trial {trial.number + 1} of {count}: validation loss {loss:.5f}{end}", flush=True)
        return loss
    except HandloomError as error:
        multirun.stop(error)
        raise


def _check_data(kind: Kind, table: Path, split: Path) -> None:
    parts = read_split(split)
    if not table.is_file():
        raise DataError(f"{table}: no such file; run the stage that writes it (dvc repro split@{kind})")
    if "validation" not in parts.values():
        raise DataError(
            f"{split}: no validation part, whose loss is what a search lowers; set split.validation.strategy: fixed in"
            " conf/config.yaml, then `make params` and `dvc repro"
            f" split@{kind}`"
        )


def _best(study: Study) -> FrozenTrial:
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    if not complete:
        raise HandloomError(f"search {study.study_name}: no trial came to its end; lower the learning rates it tries")
    return min(complete, key=lambda trial: (trial.value, trial.number))
