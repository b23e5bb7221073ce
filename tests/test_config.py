"""Parameters: what is refused, in which words, and that conf/, params.yaml and the dataclasses say the same."""

import dataclasses
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from handloom import config
from handloom.compose import composed_text
from handloom.config import AugmentationOption, Parameters, as_plain, parameters_from, section_from
from handloom.errors import ConfigurationError

REPOSITORY = Path(__file__).parents[1]
CONF = REPOSITORY / "conf"
REMOVED = object()


def changed(key: str, value: Any) -> dict[str, Any]:
    """The committed params.yaml with one key set, added or removed."""
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    *sections, name = key.split(".")
    section = content
    for part in sections:
        section = section[part]
    if value is REMOVED:
        del section[name]
    else:
        section[name] = value
    return content


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # unknown
        ("sampel", {"seed": 1}),
        ("split.sed", 1),
        ("train_pose.optimizer.learning_rate", 0.1),
        ("data.pose.groups.regex", "x"),
        ("data.face", {"path": "x"}),
        # of another type
        ("split.seed", "1"),
        ("split.seed", "one"),
        ("split.seed", True),
        ("split.seed", 1.5),
        ("split.seed", None),
        ("split.test_ratio", "0.2"),
        ("split.test_ratio", False),
        ("train_pose.optimizer.lr", [0.1]),
        ("data.action.parts_in_folders", 1),
        ("data.action.parts_in_folders", "yes"),
        ("export_coreml.version", 1),
        ("train_action.augmentation_options", "rotate"),
        ("evaluate", 15),
        ("split.validation", None),
        # out of range
        ("split.seed", -1),
        ("split.seed", 2**31),
        ("split.test_ratio", 1.0),
        ("sample.people", 1),
        ("train_pose.batch_size", 0),
        ("train_pose.optimizer.lr", 0.0),
        ("train_action.model.width", 30),
        ("train_action.model.dropout", 1.0),
        ("train_pose.augmentation.stretch", 0.9),
        ("extract_keypoints.target_frame_rate", 0.0),
        ("extract_keypoints.largest_frame_side", 10),
        ("extract_keypoints.workers", -2),
        ("extract_keypoints.landmark_model.sha256", "abc"),
        ("evaluate.window_stride", 0),
        ("data.pose.path", ""),
        ("tracking.experiment", ""),
        # none of the choices
        ("data.pose.kind", "coco"),
        ("split.validation.strategy", "some"),
        ("train_pose.accelerator", "tpu"),
        ("export_coreml.precision", "int8"),
        # not a number
        ("split.test_ratio", float("nan")),
        ("train_pose.optimizer.lr", float("inf")),
        # missing
        ("data", REMOVED),
        ("data.pose", REMOVED),
        ("data.action.path", REMOVED),
        # not for photos
        ("train_pose.prediction_window_size", 2),
    ],
)
def test_a_mistake_is_one_line_that_starts_with_the_key(key, value):
    with pytest.raises(ConfigurationError) as caught:
        parameters_from(changed(key, value))
    text = str(caught.value)
    assert text.startswith(f"{key}: ")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("key", "value"),
    [("extract_keypoints.borders", [0.5, 0.0]), ("train_pose.augmentation_options", ["rotate", "blur"])],
)
def test_a_mistake_in_a_list_names_its_place(key, value):
    with pytest.raises(ConfigurationError, match=rf"^{key}\.1: [^\n]*$"):
        parameters_from(changed(key, value))


def test_the_wrong_value_and_the_number_of_further_mistakes_are_told():
    content = changed("split.seed", -7)
    content["train_pose"]["batch_size"] = 0
    content["train_pose"]["threads"] = 0
    with pytest.raises(ConfigurationError, match=r"^split\.seed: [^\n]*\(got -7\) \(and 2 more\)$"):
        parameters_from(content)


def test_a_whole_number_will_do_for_a_fraction():
    assert parameters_from(changed("train_pose.optimizer.weight_decay", 0)).train_pose.optimizer.weight_decay == 0.0


@pytest.mark.parametrize("window", [1, 30, 60])
def test_clips_may_have_any_window(window):
    parameters = parameters_from(changed("train_action.prediction_window_size", window))
    assert parameters.training("action").prediction_window_size == window


def test_params_yaml_is_composed_from_conf():
    assert (REPOSITORY / "params.yaml").read_text(encoding="utf-8") == composed_text(CONF), "run `make params`"


def test_sections_survive_plain_dictionaries():
    parameters = parameters_from(changed("split.seed", 5))
    assert section_from(Parameters, as_plain(parameters)) == parameters


def test_the_kind_chooses_source_and_training():
    content = changed("train_action.seed", 9)
    content["data"]["action"]["path"] = "clips"
    parameters = parameters_from(content)
    assert parameters.training("action").seed == 9
    assert parameters.training("pose") is parameters.train_pose
    assert parameters.source("action").path == "clips"
    assert parameters.source("pose") is parameters.data.pose


def options() -> list[str]:
    """An override for every option file of every group; the shared groups are used inside both trainings."""
    overrides = []
    for path in sorted(CONF.glob("*/**/*.yaml")):
        group, option = path.parent.relative_to(CONF).as_posix(), path.stem
        if group in ("model", "augmentation", "optimizer"):
            overrides += [f"{group}@train_{kind}.{group}={option}" for kind in ("pose", "action")]
        else:
            overrides.append(f"{group}={option}")
    return overrides


def test_conf_has_options():
    assert "data/pose=labeled_directories" in options()
    assert "model@train_action.model=window" in options()


@pytest.mark.parametrize("override", options())
def test_every_option_composes_and_is_valid(override):
    parameters_from(yaml.safe_load(composed_text(CONF, [override])))


def test_overrides_are_seen():
    before = yaml.safe_load(composed_text(CONF))
    after = yaml.safe_load(
        composed_text(
            CONF,
            ["train_pose.optimizer.lr=0.01", "data/pose=labeled_directories", "model@train_pose.model=window"],
        )
    )
    assert after["train_pose"]["optimizer"]["lr"] == 0.01
    assert after["data"]["pose"] == yaml.safe_load((CONF / "data/pose/labeled_directories.yaml").read_text("utf-8"))
    assert after["data"]["pose"]["path"] != before["data"]["pose"]["path"]
    assert after["train_pose"]["model"]["temporal_layers"] == 3
    assert {key: value for key, value in after.items() if key not in ("data", "train_pose")} == {
        key: value for key, value in before.items() if key not in ("data", "train_pose")
    }
    assert after["data"]["action"] == before["data"]["action"]


def without(content: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in keys}


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Parameters) if field.name != "data"])
def test_defaults_of_the_dataclasses_are_those_of_conf(name):
    composed = yaml.safe_load(composed_text(CONF))[name]
    default = as_plain(Parameters(data=config.Data(config.Source("photos"), config.Source("clips"))))[name]
    if name not in ("train_pose", "train_action"):
        assert composed == default
        return
    own = ("model", "augmentation_options", "prediction_window_size")  # differ by kind, see the next test
    assert without(composed, *own) == without(default, *own)
    by_kind = ("temporal_layers", "dropout")
    assert without(composed["model"], *by_kind) == without(default["model"], *by_kind)


@pytest.mark.parametrize(
    ("name", "window", "layers", "dropout", "augmentations"),
    [
        ("train_pose", 1, 0, 0.3, ["horizontally_flip", "rotate", "scale", "translate"]),
        ("train_action", 45, 3, 0.1, ["rotate", "scale", "translate", "interpolate_frames", "drop_frames"]),
    ],
)
def test_what_differs_by_kind(name, window, layers, dropout, augmentations):
    composed = yaml.safe_load(composed_text(CONF))[name]
    assert composed["prediction_window_size"] == window
    assert composed["model"]["temporal_layers"] == layers
    assert composed["model"]["dropout"] == dropout
    assert composed["augmentation_options"] == augmentations
    assert set(augmentations) <= set(get_args(AugmentationOption))


@pytest.mark.parametrize("kind", ["pose", "action"])
def test_defaults_of_a_data_source(kind):
    own = yaml.safe_load((CONF / f"data/{kind}/labeled_directories.yaml").read_text(encoding="utf-8"))
    assert own == as_plain(config.Source(path=own["path"]))
