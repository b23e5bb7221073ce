"""A search: trials of a training that Hydra's Optuna sweeper chooses, kept so that a killed one goes on."""

from pathlib import Path

from handloom import tracking
from handloom.config import Kind
from handloom.errors import DataError
from handloom.fingerprint import fingerprint
from handloom.lock import alone
from handloom.multirun import Multirun
from handloom.search.best import write_best
from handloom.search.space import check_settings, space_of
from handloom.search.studies import best_trial, finished_trials, folder_of, open_study, take_up_killed_trials
from handloom.search.trial import TrialRunner
from handloom.stage import parameters_of
from handloom.training.checks import parts_to_learn_from
from handloom.training.work import made_of

OUR_SAMPLER = "hydra.sweeper.sampler._target_=handloom.search.sampler.SeededByTrial"
QUOTED = str.maketrans({"'": "\\'"})


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
    _check_validation(kind, table, split)
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
            seeded = [] if sampler["_target_"] != "optuna.samplers.TPESampler" else [OUR_SAMPLER]
            further = [*_of_the_sweeper(name, space.count - before), *seeded]
            multirun.launch(TrialRunner(multirun, kind, table, split, name, parent, space.count), further)
        study = open_study(name, parameters, parameters.training(kind).maximum_iterations)
        best = best_trial(study)
        path = write_best(multirun, kind, [*space.ranges, *space.fixed], best, len(finished_trials(study)))
        tracking.log_metrics(parent, {"best_validation_loss": best.value or 0.0, "best_trial": best.number + 1})
        tracking.log_files(parent, [path], "search")
        tracking.end_run(parent)


def _of_the_sweeper(name: str, count: int) -> list[str]:
    return [
        f"hydra.sweeper.n_trials={count}",
        f"hydra.sweeper.study_name={name}",
        "hydra.sweeper.storage={_target_:handloom.search.studies.Studies}",
        "hydra.sweeper.direction=minimize",
        "hydra.sweeper.n_jobs=1",  # one after another, so that each learns from all before it
        f"hydra.sweep.dir='{str(folder_of(name)).translate(QUOTED)}'",
    ]


def _check_validation(kind: Kind, table: Path, split: Path) -> None:
    if "validation" not in parts_to_learn_from(kind, table, split).values():
        raise DataError(
            f"{split}: no validation part, whose loss is what a search lowers; set split.validation.strategy: fixed in"
            f" conf/config.yaml, then `handloom params` and `dvc repro split@{kind}`"
        )
