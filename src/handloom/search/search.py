"""A hyperparameter search with Optuna, stored so that a killed search resumes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from optuna.study import Study
from optuna.trial import FrozenTrial

from handloom import tracking
from handloom.config import Kind, Search
from handloom.dataset.split import parts_to_learn_from
from handloom.errors import DataError, DivergenceError
from handloom.search.space import Space, check_settings, space_of, with_space_file
from handloom.search.trials import GivingUp, Pruning, best_trial, ended_trial, next_values, open_study
from handloom.stages.compose import composed_text, parameters_of
from handloom.stages.layout import Layout
from handloom.stages.multirun import Multirun
from handloom.stages.run import train
from handloom.support.files import replacing
from handloom.support.fingerprint import fingerprint
from handloom.support.lock import alone
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask


@dataclass(frozen=True)
class Trials:
    """The settings that the trials of a search share.

    Attributes:
        kind: "pose" or "action".
        name: of the search and its study.
        composed: the parameters, each range at its first value.
        space: the ranges.
        settings: the section `search`.
        layout: where their data lies.
        workspace: where their work lies.
        parent: the id of the MLflow run above those of the trials.
    """

    kind: Kind
    name: str
    composed: DictConfig
    space: Space
    settings: Search
    layout: Layout
    workspace: Workspace
    parent: str

    def run(self, study: Study) -> None:
        """Run the trials that are missing, one after another: each is chosen by all before it."""
        while len(ended := study.get_trials()) < self.settings.trials:
            study.add_trial(self._next(ended))

    def _next(self, ended: list[FrozenTrial]) -> FrozenTrial:
        number = len(ended) + 1
        values = next_values(ended, self.space.ranges, self.settings)
        parameters = parameters_of(with_values(self.composed, values))
        settings = parameters.training(self.kind)
        layout = replace(self.layout, model=self.workspace.search / self.name / f"trial-{number}", streams=None)
        tags = {
            tracking.JOB: f"{self.name}-{number - 1}",
            tracking.PARENT: self.parent,
            "mlflow.runName": f"trial {number} of {self.name}",
        }
        what = f"trial {number} of {self.settings.trials}"
        pruning = Pruning(GivingUp(ended, self.settings, settings.maximum_iterations), settings)
        try:
            loss = train(parameters, self.kind, layout, self.workspace, callbacks=[pruning], tags=tags)
        except DivergenceError as error:
            print(f"{what}: failed, {error}", flush=True)
            return ended_trial(values, self.space.ranges, None, pruning.reported, given_up=False)
        end = ""
        if pruning.given_up_at is not None:
            end = f", pruned at iteration {pruning.given_up_at}"
            task = TrainingTask(self.kind, settings, layout.keypoints, layout.split)
            tracking.Tracker(self.workspace).give_up(task.fingerprint, pruning.given_up_at)
        print(f"{what}: validation loss {loss:.5f}{end}", flush=True)
        return ended_trial(values, self.space.ranges, loss, pruning.reported, pruning.given_up_at is not None)


def search(project: Path, kind: Kind, words: Sequence[str]) -> None:
    """Run the trials that are missing, track them below one run, and write the best parameters into `conf/`.

    A search is known by its space, its other parameters, the data and the code. Started again, it resumes, with the
    trial that was killed first; with a greater `search.trials` it adds trials.

    Args:
        project: the folder of `params.yaml` and `conf/`.
        kind: "pose" or "action".
        words: the command line, in Hydra's grammar: `space=NAME`, ranges, values.

    Raises:
        ConfigurationError: the space or a parameter is wrong.
        DataError: there is no validation set, whose loss a search lowers.
        HandloomError: the same search is running already, or every trial failed.
    """
    layout, workspace = Layout.project(kind, project), Workspace.here(project)
    multirun = Multirun(project, with_space_file(kind, project, words))
    multirun.check()
    composed = multirun.composed()
    space = space_of(kind, composed, multirun)
    parameters = parameters_of(composed)
    check_settings(kind, parameters.training(kind))
    _check_validation(kind, layout)
    made = TrainingTask(kind, parameters.training(kind), layout.keypoints, layout.split).made_of
    content = {key: value for key, value in made.items() if key not in space.ranges}
    ranges = {key: str(value) for key, value in space.ranges.items()}
    name = f"{kind}-{fingerprint([content, ranges, str(replace(parameters.search, trials=1))])[:12]}"

    with alone(workspace.search / f"{name}.lock", f"search {name}"):
        study = open_study(workspace.search, name)
        tags = {tracking.JOB: name, "mlflow.runName": f"search {name}"}
        parent = tracking.Tracker(workspace).start(kind, parameters, tags)
        print(f"search {name}: {len(study.get_trials())} of {parameters.search.trials} trials are there", flush=True)
        Trials(kind, name, composed, space, parameters.search, layout, workspace, parent.run_id).run(study)
        best = best_trial(study)
        with_best = with_values(composed, best.params)
        path = write_best(
            project / "conf", kind, with_best, [*space.ranges, *space.fixed], best, len(study.get_trials())
        )
        parent.log_metrics({"best_validation_loss": best.value or 0.0, "best_trial": best.number + 1})
        parent.log_files([path], "search")
        parent.end()


def with_values(composed: DictConfig, values: dict[str, Any]) -> DictConfig:
    """A copy of the parameters with other values, by their full names."""
    changed = composed.copy()
    for name, value in values.items():
        OmegaConf.update(changed, name, value)
    return changed


def _check_validation(kind: Kind, layout: Layout) -> None:
    if "validation" not in parts_to_learn_from(kind, layout.keypoints, layout.split).values():
        raise DataError(
            f"{layout.split}: no validation set, whose loss a search minimises; set split.validation.strategy: fixed in"
            f" conf/config.yaml, then `handloom params` and `dvc repro split@{kind}`"
        )


OPTION = "best"


def write_best(conf: Path, kind: Kind, composed: DictConfig, names: list[str], trial: FrozenTrial, count: int) -> Path:
    """Write `conf/train_<kind>/best.yaml`; print how to use it, and which settings in `conf/config.yaml` override it.

    Args:
        conf: the project's folder of groups.
        kind: "pose" or "action".
        composed: the parameters of the best trial.
        names: the parameters that the search tried or was given, in full.
        trial: the best one.
        count: of how many.
    """
    section = f"train_{kind}"
    values = {name: _plain(OmegaConf.select(composed, name)) for name in sorted(names)}
    path = conf / section / f"{OPTION}.yaml"
    with replacing(path) as temporary:
        temporary.write_text(
            f"# The best of {count} trials: validation loss {trial.value:.5f} (trial {trial.number + 1}).\n"
            f"# To use it: `{section}: {OPTION}` in conf/config.yaml, then `handloom params`.\n"
            + yaml.safe_dump({"defaults": ["default", "_self_"]}, sort_keys=False)
            + yaml.safe_dump(_sections({name.removeprefix(f"{section}."): value for name, value in values.items()})),
            encoding="utf-8",
        )
    print(f"best of {count} trials: validation loss {trial.value:.5f}, trial {trial.number + 1}, written to {path}")
    print(
        f"  dvc exp run -S {section}={OPTION}, or `{section}: {OPTION}` in conf/config.yaml,"
        " `handloom params`, `dvc repro`"
    )
    if others := _overruled(conf, section, values):
        print(f"  conf/config.yaml sets {', '.join(others)} too, and overrides this option; remove it there")
    return path


def _overruled(conf: Path, section: str, values: dict[str, Any]) -> list[str]:
    """The parameters that have another value when the option is chosen."""
    with_best = OmegaConf.create(composed_text(conf, [f"{section}={OPTION}"]))
    return [name for name, value in values.items() if _plain(OmegaConf.select(with_best, name)) != value]


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def _sections(values: dict[str, Any]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for name, value in values.items():
        *path, key = name.split(".")
        place = sections
        for part in path:
            place = place.setdefault(part, {})
        place[key] = value
    return sections
