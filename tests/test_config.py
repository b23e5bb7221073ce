"""Parameters: what is refused, in which words, and what is composed."""

import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from dvc.utils.hydra import compose_and_dump

from handloom import config
from handloom.config import KINDS, AugmentationOption, Parameters, as_plain, parameters_from, section_from
from handloom.config.errors import RENAMED, flat
from handloom.config.explain import explained
from handloom.config.hydra_nodes import data_options, nodes
from handloom.errors import ConfigurationError
from handloom.stages.compose import composed_text, write_parameters

REPOSITORY = Path(__file__).parents[1]
CONF = REPOSITORY / "conf"
REMOVED = object()
PHOTOS = config.LabeledDirectories(path="photos")
SECTIONS = {
    section.kind: section
    for section in (
        config.LabeledDirectories,
        config.LabeledFiles,
        config.DirectoryWithImagesAndAnnotation,
        config.DirectoryWithVideosAndAnnotation,
        config.LabeledImageDataFrame,
        config.LabeledVideoDataFrame,
        config.LabeledKeypointsDataFrame,
        config.CreateMLProject,
        config.Described,
    )
}


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
def test_a_mistake_is_one_line_that_starts_with_the_key(key: str, value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parameters_from(changed(key, value))
    text = str(caught.value)
    assert text.startswith(f"{key}: ")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("key", "value"),
    [("extract_keypoints.tta_paddings", [0.5, 0.0]), ("train_pose.augmentation_options", ["rotate", "blur"])],
)
def test_a_mistake_in_a_list_names_its_place(key: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{key}\.1: [^\n]*$"):
        parameters_from(changed(key, value))


def test_the_wrong_value_and_the_number_of_further_mistakes_are_told() -> None:
    content = changed("split.seed", -7)
    content["train_pose"]["batch_size"] = 0
    content["train_pose"]["threads"] = 0
    with pytest.raises(ConfigurationError, match=r"^split\.seed: [^\n]*\(got -7\) \(and 2 more\)$"):
        parameters_from(content)


def test_a_whole_number_will_do_for_a_fraction() -> None:
    assert parameters_from(changed("train_pose.optimizer.weight_decay", 0)).train_pose.optimizer.weight_decay == 0.0


@pytest.mark.parametrize("window", [1, 30, 60])
def test_clips_may_have_any_window(window: int) -> None:
    parameters = parameters_from(changed("train_action.prediction_window_size", window))
    assert parameters.training("action").prediction_window_size == window


def test_params_yaml_is_composed_from_conf() -> None:
    assert (REPOSITORY / "params.yaml").read_text(encoding="utf-8") == composed_text(CONF), "run `make params`"


def test_sections_survive_plain_dictionaries() -> None:
    parameters = parameters_from(changed("split.seed", 5))
    assert section_from(Parameters, as_plain(parameters)) == parameters


def test_the_kind_chooses_source_and_training() -> None:
    content = changed("train_action.seed", 9)
    content["data"]["action"]["path"] = "clips"
    parameters = parameters_from(content)
    assert parameters.training("action").seed == 9
    assert parameters.training("pose") is parameters.train_pose
    source = parameters.source("action")
    assert isinstance(source, config.DirectoryWithVideosAndAnnotation | config.LabeledDirectories)
    assert source.path == "clips"
    assert parameters.source("pose") is parameters.data.pose


def options() -> list[str]:
    """An override for every option: files in conf/, and what Hydra's store has."""
    files = [path.relative_to(CONF) for path in sorted(CONF.glob("*/**/*.yaml"))]
    found = {(path.parent.as_posix(), path.stem) for path in files if path.parent.name != "space"}  # of a search
    found |= {(group, option) for group, option, _ in nodes() if group}
    places = {"model": "model@train_pose.model"}  # it is within a training
    return [f"{places.get(group, group)}={option}" for group, option in sorted(found)]


def test_there_are_options() -> None:
    assert {
        "data/pose=labeled_directories",
        "train_pose=described_and_own",
        "data/action=joined",
        "model@train_pose.model=window",
    } <= set(options())


@pytest.mark.parametrize("override", options())
def test_every_option_composes_and_is_valid(override: str) -> None:
    parameters_from(yaml.safe_load(composed_text(CONF, [override])))


def test_overrides_are_seen() -> None:
    before = yaml.safe_load(composed_text(CONF))
    after = yaml.safe_load(
        composed_text(
            CONF,
            ["train_pose.optimizer.lr=0.01", "data/pose=labeled_directories", "model@train_pose.model=window"],
        )
    )
    assert after["train_pose"]["optimizer"]["lr"] == 0.01
    assert after["data"]["pose"] == as_plain(config.LabeledDirectories(path="data/photos"))
    assert after["data"]["pose"]["path"] != before["data"]["pose"]["path"]
    assert after["train_pose"]["model"]["temporal_layers"] == 3
    assert {key: value for key, value in after.items() if key not in ("data", "train_pose", "raw_data")} == {
        key: value for key, value in before.items() if key not in ("data", "train_pose", "raw_data")
    }
    assert after["data"]["action"] == before["data"]["action"]


@pytest.mark.parametrize("name", ["train_pose", "train_action"])
def test_training_is_the_section_of_its_kind(name: str) -> None:
    composed = yaml.safe_load(composed_text(CONF))[name]
    assert composed == as_plain(config.default_training("pose" if name == "train_pose" else "action"))
    assert set(composed["augmentation_options"]) <= set(get_args(AugmentationOption))


def test_a_new_parameter_is_known_everywhere() -> None:
    """Every field of every section has a meaning, and is a key of params.yaml: nothing else has to be written."""
    sections: list[Any] = [config.Parameters, *SECTIONS.values(), config.Groups]
    while sections:
        section = sections.pop()
        for name, field in section.__pydantic_fields__.items():
            inside = field.default_factory if isinstance(field.default_factory, type) else None
            if inside:
                sections.append(inside)
            known = section in (config.Parameters, config.Data) or name == "kind"
            assert known or field.description, f"{section.__name__}.{name}"


def test_a_new_source_is_an_option_by_itself() -> None:
    sections = {str(option): section for option, section in SECTIONS.items()}
    for kind in KINDS:
        for option, node in data_options(kind).items():
            if option != "joined":
                composed = yaml.safe_load(composed_text(CONF, [f"data/{kind}={option}"]))["data"][kind]
                assert composed == node == as_plain(section_from(sections[option], node))
    assert {*data_options("pose"), *data_options("action")} == {*SECTIONS, "joined"}


def read_by(overrides: list[str]) -> Any:
    return yaml.safe_load(composed_text(CONF, overrides))["raw_data"]["pose"]


@pytest.mark.parametrize(
    ("overrides", "read"),
    [
        ([], {"path": "data/sample/photos"}),
        (
            ["data.pose.path=elsewhere", "data.pose.groups.file=who.csv"],
            {"path": "elsewhere", "groups-file": "who.csv"},
        ),
        (
            ["data/pose=directory_with_images_and_annotation"],
            {"path": "data/photos", "annotation_file": "data/photos.csv"},
        ),
        (["data/pose=labeled_image_data_frame"], {"path": "data/photos", "data_frame": "data/photos.parquet"}),
        (["data/pose=labeled_keypoints_data_frame"], {"data_frame": "data/joints.parquet"}),
        (["data/pose=described_and_own"], {"own-path": "data/photos", "described-path": "data/gestures"}),
    ],
)
def test_dvc_watches_all_that_a_source_reads(overrides: list[str], read: dict[str, str]) -> None:
    assert read_by(overrides) == read


def test_dvc_composes_the_same_for_an_experiment(tmp_path: Path) -> None:
    overrides = ["data/pose=described_and_own", "train_pose.maximum_iterations=40"]
    out = tmp_path / "params.yaml"
    compose_and_dump(out, str(CONF), None, "config", str(tmp_path), overrides)
    assert out.read_text(encoding="utf-8") == composed_text(CONF, overrides)


def test_params_yaml_that_does_not_list_what_is_read_is_refused() -> None:
    content = changed("data.pose.path", "data/mine")
    parameters_from(content)
    with pytest.raises(
        ConfigurationError, match=r"^raw_data\.pose\.path: data/sample/photos, but data says data/mine;"
    ):
        config.check_raw_data(content)


def test_params_yaml_of_an_older_handloom_says_what_to_do() -> None:
    content = changed("data.pose.dependencies", ["data/photos"] * 4)
    with pytest.raises(ConfigurationError, match=r"^data\.pose\.dependencies: [^\n]*handloom init NAME[^\n]*$"):
        parameters_from(content)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_renamed_parameter_says_its_new_name(old: str, new: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{re.escape(old)} is now {re.escape(new)}$"):
        parameters_from(changed(old, None))
    assert new in flat(as_plain(parameters_from(changed("split.seed", 1))))


@pytest.mark.parametrize("kind", ["coco", "directory_with_videos_and_annotation", None, 3, REMOVED])
def test_an_unknown_kind_of_source_is_refused(kind: Any) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^data\.pose\.kind: unknown or missing; (there are labeled_directories, |handloom params )[^\n]*$",
    ):
        parameters_from(changed("data.pose.kind", kind))


def own_conf(tmp_path: Path, defaults: list[str], overrides: list[str], settings: str = "") -> dict[str, Any]:
    """What a person's changes of conf/config.yaml make of it."""
    conf = shutil.copytree(CONF, tmp_path / "conf")
    text = (conf / "config.yaml").read_text(encoding="utf-8")
    text = text.replace("  - data/pose: sample\n", "  - data/pose: joined\n")
    text = text.replace("  - _self_\n", "".join(f"  - {line}\n" for line in (*defaults, "_self_", *overrides)))
    (conf / "config.yaml").write_text(text + settings, encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(composed_text(conf))
    return content


def test_conf_may_read_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOS", "/data/photos of anna")
    settings = "data:\n  action:\n    path: ${oc.env:PHOTOS}\n"
    assert own_conf(tmp_path, [], [], settings)["data"]["action"]["path"] == "/data/photos of anna"


PASTED = "defaults:\n  - data/pose: labeled_directories\n  - data/action: labeled_directories\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PASTED, "no extract_keypoints, split, train_pose,"),
        ((CONF / "config.yaml").read_text("utf-8") + PASTED, "the key defaults appears twice; keep one"),
        ((CONF / "config.yaml").read_text("utf-8") + "split: {seed: -1}\n", "split.seed: "),
        ((CONF / "config.yaml").read_text("utf-8") + "split: {sed: 1}\n", "split.sed: unknown parameter; did you mean"),
        ((CONF / "config.yaml").read_text("utf-8") + "export_coreml: {version: 2}\n", "quote it: '2' in YAML"),
        (
            (CONF / "config.yaml").read_text("utf-8").replace("pose: sample", "pose: photos"),
            "data/pose=photos: no such",
        ),
        ((CONF / "config.yaml").read_text("utf-8") + "split: [", "not YAML"),
        ((CONF / "config.yaml").read_text("utf-8") + "split: {seed: '${x'}", "is not closed or not valid"),
        ((CONF / "config.yaml").read_text("utf-8") + "split: {seed: '" + "${" * 400 + "'}", "${...}, "),
        ((CONF / "config.yaml").read_text("utf-8") + "split: {seed: '${split.seed}'}", "split.seed: Recursive"),
    ],
)
def test_a_mistake_in_conf_is_one_line_and_params_yaml_stays(text: str, told: str, tmp_path: Path) -> None:
    conf = shutil.copytree(CONF, tmp_path / "conf")
    (conf / "config.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "params.yaml").write_text("as it was")
    with pytest.raises(ConfigurationError) as caught:
        write_parameters(conf, tmp_path / "params.yaml")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "params.yaml").read_text() == "as it was"


def kinds_of(content: dict[str, Any]) -> dict[str, str]:
    pose = parameters_from(content).data.pose
    assert isinstance(pose, config.JoinedPose)
    return {name: member.kind for name, member in pose.sources.items()}


def test_joined_sources_are_two_of_ones_own(tmp_path: Path) -> None:
    content = own_conf(tmp_path, [], [])
    assert kinds_of(content) == {"own": "labeled_directories", "others": "labeled_files"}
    assert [member["path"] for member in content["data"]["pose"]["sources"].values()] == [
        "data/photos",
        "data/photos",
    ]


def test_a_joined_source_may_be_exchanged(tmp_path: Path) -> None:
    content = own_conf(tmp_path, [], ["override data/pose@data.pose.sources.own: labeled_files"])
    assert kinds_of(content) == {"own": "labeled_files", "others": "labeled_files"}


def test_a_joined_source_may_be_left_out(tmp_path: Path) -> None:
    overrides = ["override data/pose@data.pose.sources.others: null"]
    assert kinds_of(own_conf(tmp_path, [], overrides)) == {"own": "labeled_directories"}


def test_a_joined_source_may_be_added(tmp_path: Path) -> None:
    defaults = ["data/pose@data.pose.sources.studio: mediapipe_landmarks"]
    settings = """data:
  pose:
    sources:
      studio:
        data_frame: data/studio.csv
        channels: xy
"""
    content = own_conf(tmp_path, defaults, [], settings)
    assert list(kinds_of(content)) == ["own", "others", "studio"]
    assert content["data"]["pose"]["sources"]["studio"]["channels"] == "xy"
    assert content["raw_data"]["pose"]["studio-data_frame"] == "data/studio.csv"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"path": REMOVED}, "data.pose.sources.own.path"),
        ({"path": ""}, "data.pose.sources.own.path"),
        ({"kind": "coco"}, "data.pose.sources.own.kind"),
        ({"kind": "joined"}, "data.pose.sources.own.kind"),
        ({"regex": "x"}, "data.pose.sources.own.regex"),
    ],
)
def test_a_mistake_in_a_joined_source_is_named_in_full(tmp_path: Path, change: dict[str, Any], key: str) -> None:
    content = own_conf(tmp_path, [], [])
    own = content["data"]["pose"]["sources"]["own"] | change
    content["data"]["pose"]["sources"]["own"] = {name: value for name, value in own.items() if value is not REMOVED}
    with pytest.raises(ConfigurationError, match=rf"^{key}: [^\n]*$"):
        parameters_from(content)


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b", "-a"])
def test_the_name_of_a_joined_source_is_a_word(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^data\.pose\.sources[^\n]*$"):
        content = changed("data.pose", {"kind": "joined", "sources": {name: {"kind": "labeled_files", "path": "a"}}})
        parameters_from(content)


def test_joined_sources_may_not_be_none() -> None:
    with pytest.raises(ConfigurationError, match=r"^data\.pose\.sources: [^\n]*$"):
        parameters_from(changed("data.pose", {"kind": "joined", "sources": {}}))


@pytest.mark.parametrize("kind", KINDS)
def test_descriptions_and_ones_own_files_are_one_source(tmp_path: Path, kind: str) -> None:
    conf = tmp_path / "conf"
    shutil.copytree(CONF, conf)
    text = (conf / "config.yaml").read_text(encoding="utf-8")
    text = text.replace(f"  - data/{kind}: sample\n", f"  - data/{kind}: described_and_own\n")
    (conf / "config.yaml").write_text(text, encoding="utf-8")
    parameters = parameters_from(yaml.safe_load(composed_text(conf)))
    sources = getattr(parameters.data, kind).sources
    assert isinstance(sources["described"], config.Described) and sources["described"].part == "train"
    assert isinstance(sources["own"], config.LabeledDirectories) and sources["own"].part == ""


def test_photos_are_looked_at_thoroughly_where_that_is_asked_for() -> None:
    usual, thorough = (
        parameters_from(yaml.safe_load(composed_text(CONF, overrides))).extract_keypoints
        for overrides in ([], ["extract_keypoints=thorough"])
    )
    assert (usual.test_time_augmentation, usual.tta_rotations) == ("unsure", [])
    assert (thorough.test_time_augmentation, thorough.tta_rotations, thorough.tta_paddings) == (
        "always",
        [20.0, -20.0],
        [0.25, 0.5, 1.0],
    )


def test_few_photos_correct_descriptions() -> None:
    text = composed_text(CONF, ["data/pose=described_and_own", "train_pose=described_and_own"])
    parameters = parameters_from(yaml.safe_load(text))
    assert isinstance(parameters.data.pose, config.JoinedPose)
    for name in ("own", *parameters.train_pose.align_to, *parameters.train_pose.align_to.values()):
        assert name in parameters.data.pose.sources
    assert parameters.train_pose.source_weights == {"own": 0.7}


@pytest.mark.parametrize("change", ["tta_rotations=[20]", "test_time_augmentation=always"])
def test_further_looks_need_a_border(change: str) -> None:
    text = composed_text(CONF, ["extract_keypoints.tta_paddings=[]", f"extract_keypoints.{change}"])
    with pytest.raises(
        ConfigurationError, match=r"^extract_keypoints\.tta_paddings: empty, but test-time augmentation needs a padding"
    ):
        parameters_from(yaml.safe_load(text))


def test_every_parameter_is_explained() -> None:
    groups = list(explained())
    for group in groups:
        for row in group.parameters:
            assert row.values and row.default and row.meaning, f"{group.title}: {row.name}"
    (optimizer,) = [row for group in groups for row in group.parameters if row.name == "optimizer.lr"]
    assert optimizer == ("optimizer.lr", "number, > 0.0", "0.003", "", "peak learning rate")
