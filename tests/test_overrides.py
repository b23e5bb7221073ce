"""Overrides that Hydra does not understand: one line that says what to type, and that works when it is typed."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handloom.cli.composing import parameters_for
from handloom.errors import ConfigurationError, HandloomError
from handloom.stages.compose import composed, composed_text, parameters_of
from handloom.stages.overrides import parsed

REPOSITORY = Path(__file__).parents[1]
CONF = REPOSITORY / "conf"
VALUES = {"data.pose.path": "data", "split.seed": 1, "train_pose.augmentation_options": ["rotate"]}


def refused(word: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parsed([word], lambda: VALUES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        *("Größe.csv", "Fotos (1)", "^([a-z]+)_", "[a-z]+_(", "It's", 'say "five"', "a{b", "a=b", "a#b", "手", "a;b|c"),
        *('back\\"', "'a", "a!", "x&y", "`ls`"),
    ],
)
def test_a_value_that_hydra_would_take_apart_is_told_in_quotes(value: str) -> None:
    told = refused(f"data.pose.path={value}")
    assert told.startswith("data.pose.path: ")
    (typed,) = shlex.split(told.partition("; type ")[2])
    (override,) = parsed([typed], dict)
    assert (override.key_or_group, override.value()) == ("data.pose.path", value)


@given(st.text(min_size=1).filter(lambda text: "${" not in text))
def test_whatever_the_value_it_is_taken_or_what_is_told_works(value: str) -> None:
    try:
        parsed([f"data.pose.path={value}"], lambda: VALUES)
    except HandloomError as error:
        _, type_, typed = str(error).partition("; type ")
        if type_ and not value.startswith("~/"):
            (override,) = parsed(shlex.split(typed), dict)
            assert override.value() == value


def test_the_home_folder_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    assert refused("data.pose.path=~/photos").endswith("""type 'data.pose.path="/home/anna/photos"'""")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("split.seed", "'split.seed' sets nothing; type split.seed=VALUE"),
        ("split.sed()=1", "'split.sed()': no name of a parameter; did you mean split.seed"),
        ("größe=1", "'größe': no name of a parameter"),
        ("=1", "'': no name of a parameter"),
        (
            "split.seed=" + "9" * 6000,
            f"split.seed: '{'9' * 77}...' cannot be given on the command line; write it into conf/config.yaml",
        ),
        (
            "data.pose.path=a\n(b",
            "data.pose.path: 'a\\n(b' cannot be given on the command line; write it into conf/config.yaml",
        ),
        (
            "train_pose.augmentation_options=[rotate,",
            "train_pose.augmentation_options: '[rotate,' is no list or section;"
            " a list is 'train_pose.augmentation_options=[first,second]'",
        ),
    ],
)
def test_what_is_no_override_is_named(word: str, told: str) -> None:
    assert refused(word) == told


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("split.sed=1", "split.sed: unknown parameter; did you mean split.seed"),
        ("learning_rate=1", "learning_rate: unknown parameter"),
        ("train_pose.lr=1", "train_pose.lr: unknown parameter; did you mean train_pose.optimizer.lr"),
        ("lr=1", "lr: unknown parameter; did you mean train_pose.optimizer.lr or train_action.optimizer.lr"),
        (
            "optimizer.lr=1",
            "optimizer.lr: unknown parameter; did you mean train_pose.optimizer.lr or train_action.optimizer.lr",
        ),
        ("pose.threshold=1", "threshold: unknown parameter; did you mean export_coreml.streams.pose.threshold"),
        ("~split.sed", "split.sed: unknown parameter; did you mean split.seed"),
        ("train_pose.start=described", "train_pose.start is now train_pose.pretrained_weights"),
        ("+split.seed=1", "split.seed: exists already; remove the + before it"),
        ("data/poze=sample", "data/poze: no such group of options; did you mean data/pose"),
        (
            "data/pose=labelled_files",
            "data/pose=labelled_files: no such option; did you mean labeled_files; there are ",
        ),
        ("data/pose@data.poze=described", "data/pose@data.poze: no such group of options; did you mean data/pose"),
        ("model@train_pose.modl=window", "model@train_pose.modl: no such group of options; did you mean model@train_"),
        ("train_pose=3", "train_pose: a group of options; type train_pose=OPTION, or train_pose.PARAMETER=VALUE"),
        ("data.pose.path=a,b", "data.pose.path: several values, 'a,b', which need -m; one text is 'data.pose.path="),
        ("extract_keypoints.tta_rotations=10,20", "which need -m; a list is 'extract_keypoints.tta_rotations=[10,20]'"),
        ("train_pose.optimizer.lr=0,001", "which need -m; a decimal number is train_pose.optimizer.lr=0.001"),
        ("data=pose", "data: a section; type data.PARAMETER=VALUE"),
        ("split.seed=1,2", "split.seed: several values, '1,2', which need -m"),
        ("split.seed=${nowhere}", "split.seed: Interpolation key 'nowhere' not found"),
    ],
)
def test_what_conf_does_not_have_is_named_with_the_nearest(word: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        composed_text(CONF, [word])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("train_pose.optimizer=3", "train_pose.optimizer: should be a section with parameters (got 3)"),
        ("+split.sede=3", "split.sede: unknown parameter; did you mean split.seed"),
        ("+data.pose.groups.patern=x", "data.pose.groups.patern: unknown parameter; did you mean data.pose.groups.pat"),
        (
            "data/pose=labeled_files",
            "data/pose: a stage script takes single parameters; swap a group with dvc exp run -S",
        ),
        (
            "export_coreml.version=2",
            "export_coreml.version: should be a text (got 2); quote it: '2' in YAML,"
            " 'export_coreml.version=\"2\"' on the command line",
        ),
        ("split.seed=" + "9" * 4000, "split.seed: "),
    ],
)
def test_a_stage_names_it_too(word: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parameters_of(composed(REPOSITORY, "params", [word]))
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_column_may_be_called_by_its_number() -> None:
    overrides = ["data/pose=mediapipe_landmarks", "data.pose.label_column=0", "data.pose.group_column=2"]
    source = parameters_for("pose", Path("joints.csv"), overrides).data.pose
    assert (source.label_column, source.group_column) == ("0", "2")  # type: ignore[union-attr]
