"""docs/create_ml.md: every name of ours exists, every member of Create ML stands there, defaults are what they are."""

import ast
import dataclasses
import importlib
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import handloom
from handloom.config import ExtractKeypoints, default_training

PAGE = Path(__file__).parents[2] / "docs/create_ml.md"
NAME = re.compile(r"`([\w.]+)(\(([\w=, ]*)\))?`")

# Apple's pages of the two classes, https://developer.apple.com/documentation/createml/mlhandposeclassifier and
# https://developer.apple.com/documentation/createml/mlhandactionclassifier, and those that they lead to.
SHARED = """
train(trainingData:parameters:sessionParameters:) makeTrainingSession(trainingData:parameters:sessionParameters:)
resume(_:) restoreTrainingSession(sessionParameters:) init(checkpoint:) init(trainingData:parameters:) evaluation(on:)
trainingMetrics validationMetrics prediction(from:) predictions(from:) write(to:metadata:) write(toFile:metadata:) model
modelParameters description debugDescription playgroundDescription DataSource ModelParameters
"""
MEMBERS = {
    "MLHandPoseClassifier": (21, f"{SHARED} ImageAugmentationOptions"),
    "MLHandActionClassifier": (22, f"{SHARED} VideoAugmentationOptions Prediction"),
    "DataSource, pose": (
        7,
        "labeledDirectories labeledFiles directoryWithImagesAndAnnotation labeledImageDataFrame"
        " labeledKeypointsDataFrame labeledImageData labeledKeypointsData",
    ),
    "DataSource, action": (
        7,
        "labeledDirectories labeledFiles directoryWithVideosAndAnnotation labeledVideoDataFrame"
        " labeledKeypointsDataFrame labeledVideoData labeledKeypointsData",
    ),
    "DataSource, methods": (
        9,
        "labeledMedia gatherAnnotatedFileNames extractKeypoints() extractKeypoints(targetFrameRate:)"
        " imagesWithAnnotations videosWithAnnotations keypointsWithAnnotations()"
        " keypointsWithAnnotations(targetFrameRate:) stratifiedSplit",
    ),
    "ModelParameters": (
        7,
        "validation batchSize maximumIterations predictionWindowSize augmentationOptions algorithm targetFrameRate",
    ),
    "ModelParameters, validation": (
        8,
        "ValidationData ValidationData.dataSource ValidationData.split ValidationData.none MLSplitStrategy.automatic"
        " MLSplitStrategy.fixed MLSplitStrategy.resolve MLSplitStrategy.timestampSeed",
    ),
    "Augmentation options": (
        10,
        "ImageAugmentationOptions.horizontallyFlip ImageAugmentationOptions.rotate ImageAugmentationOptions.scale"
        " ImageAugmentationOptions.translate VideoAugmentationOptions.horizontallyFlip VideoAugmentationOptions.rotate"
        " VideoAugmentationOptions.scale VideoAugmentationOptions.translate VideoAugmentationOptions.interpolateFrames"
        " VideoAugmentationOptions.dropFrames",
    ),
    "Sessions and jobs": (
        50,
        "MLTrainingSessionParameters.sessionDirectory MLTrainingSessionParameters.reportInterval"
        " MLTrainingSessionParameters.checkpointInterval MLTrainingSessionParameters.iterations"
        " MLTrainingSession.phase MLTrainingSession.iteration MLTrainingSession.checkpoints MLTrainingSession.date"
        " MLTrainingSession.parameters MLTrainingSession.removeCheckpoints MLTrainingSession.reuseExtractedFeatures"
        " MLJob.checkpoints MLJob.result MLJob.phase MLJob.cancel MLJob.isCanceled MLJob.startDate MLJob.progress"
        " MLCheckpoint.phase MLCheckpoint.iteration MLCheckpoint.date MLCheckpoint.url MLCheckpoint.metrics"
        " MLPhase.initialized MLPhase.extractingFeatures MLPhase.training MLPhase.evaluating MLPhase.inferencing"
        " MLProgress.init(phase:) MLProgress.init(progress:) MLProgress.elapsedTime MLProgress.phase"
        " MLProgress.itemCount MLProgress.totalItemCount MLProgress.metrics MLProgress.Metric.accuracy accuracyKey"
        " MLProgress.Metric.loss lossKey MLProgress.validationAccuracyKey MLProgress.validationLossKey"
        " MLProgress.elapsedTimeKey phaseKey itemCountKey totalItemCountKey MLProgress.Metric.maximumError"
        " rootMeanSquaredError contentLoss styleLoss stylizedImageURL",
    ),
    "Metadata, metrics, errors, predictions": (
        21,
        "MLModelMetadata.author MLModelMetadata.shortDescription MLModelMetadata.license MLModelMetadata.version"
        " MLModelMetadata.additional MLClassifierMetrics.classificationError MLClassifierMetrics.confusionDataFrame"
        " MLClassifierMetrics.confusion MLClassifierMetrics.precisionRecallDataFrame"
        " MLClassifierMetrics.precisionRecall MLClassifierMetrics.isValid MLClassifierMetrics.error"
        " MLClassifierMetrics.init MLCreateError.cancelled MLCreateError.incompatibleParameters"
        " MLCreateError.modifiedTrainingData MLCreateError.io MLCreateError.type MLCreateError.generic"
        " Prediction.results Prediction.frameRange",
    ),
}


def tables() -> dict[str, list[list[str]]]:
    """The rows of each table by its heading, with what its first column says after "Create ML"."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        if not line.startswith("|") or line.startswith("|---"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("Create ML"):
            rows = found.setdefault(heading + cells[0].removeprefix("Create ML"), [])
        else:
            rows.append(cells)
    return found


def ours() -> Iterator[str]:
    """What stands in backticks next to the first columns and begins with a public name."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        text = line.split("|", 2)[2] if line.startswith("|") else line
        for name, brackets, _ in NAME.findall(text):
            if name.split(".")[0] in {*handloom.__all__, "handloom"} and name != "handloom":
                yield name + brackets


def require(written: str) -> None:
    """Fail unless the attribute exists, and has the parameters in its brackets."""
    match = NAME.fullmatch(f"`{written}`")
    assert match, f"{written}: not a name"
    thing: Any = handloom
    for part in match[1].removeprefix("handloom.").split("."):
        thing = step(thing, part, written)
    if match[2] is None:
        return
    labels = [label.strip() for label in match[3].split(",") if label.strip()]
    parameters = inspect.signature(thing).parameters
    for label in labels:
        assert label.endswith("=") and label[:-1] in parameters, f"{written}: {label} is none of {list(parameters)}"


def step(owner: Any, name: str, written: str) -> Any:
    if hasattr(owner, name):
        return getattr(owner, name)
    if inspect.ismodule(owner):
        return importlib.import_module(f"{owner.__name__}.{name}")
    fields = {field.name for field in dataclasses.fields(owner)} if dataclasses.is_dataclass(owner) else set()
    annotated = {one for base in owner.__mro__ for one in inspect.get_annotations(base)}
    assert name in fields | annotated | set_by_init(owner), f"{written}: {owner.__name__} has no {name}"
    return None


def set_by_init(owner: type) -> set[str]:
    """The attributes that `__init__` gives to `self`; a dataclass has no written one."""
    init = vars(owner).get("__init__")
    if dataclasses.is_dataclass(owner) or not inspect.isfunction(init):
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }


@pytest.mark.parametrize("written", sorted(set(ours())))
def test_our_names_exist(written: str) -> None:
    require(written)


@pytest.mark.parametrize(
    "written",
    [
        "HandPoseClassifier.trains",
        "HandPoseClassifier.train(data=)",
        "HandPoseClassifier.classes(at=)",
        "Job.start",
        "Checkpoint.url",
        "DataSource.labeled_files(at=, folder=)",
        "NoSuchClass",
    ],
)
def test_a_name_that_does_not_exist_is_noticed(written: str) -> None:
    with pytest.raises((AssertionError, ModuleNotFoundError, TypeError)):  # the last: an attribute is not called
        require(written)


def test_there_is_a_table_for_each_type() -> None:
    assert list(tables()) == list(MEMBERS)


@pytest.mark.parametrize("table", MEMBERS)
def test_every_member_of_create_ml_stands_in_the_first_column(table: str) -> None:
    count, names = MEMBERS[table]
    expected = names.split()
    written = [name for row in tables()[table] for name in re.findall(r"`([^`]+)`", row[0])]
    short = [name if name in expected else name.split("(")[0] for name in written]
    assert len(expected) == count
    assert sorted(short) == sorted(expected)


@pytest.mark.parametrize("table", MEMBERS)
def test_every_row_has_our_name_or_says_why_there_is_none(table: str) -> None:
    for row in tables()[table]:
        names = NAME.findall(row[1])
        assert len(row) == (5 if table == "ModelParameters" else 3), row
        assert names or (row[1] == "None" and row[-1]), row
        assert all(name.split(".")[0] in handloom.__all__ for name, _, _ in names), row


def test_defaults_are_those_of_the_configuration() -> None:
    names = {"validation", "algorithm", "target_frame_rate"}
    for row in tables()["ModelParameters"]:
        (parameter,) = re.findall(r"\((\w+)=\)", row[1])
        written = [json.loads(value) for value in re.findall(r"`([^`]+)`", row[2])]
        if parameter not in names:
            default = [getattr(default_training(kind), parameter) for kind in ("pose", "action")]
        else:
            parameters = handloom.ModelParameters()
            rate = ExtractKeypoints().target_frame_rate
            default = [
                {
                    "validation": parameters.validation.strategy,
                    "algorithm": parameters.algorithm,
                    "target_frame_rate": rate,
                }[parameter]
            ] * 2
        assert written == default, parameter


def test_defaults_of_sessions_are_create_mls() -> None:
    differs = {row[1]: row[2] for row in tables()["Sessions and jobs"]}
    for name, value in vars(handloom.TrainingSessionParameters()).items():
        if value is not None:
            assert differs[f"`TrainingSessionParameters({name}=)`"].startswith(f"{value}, as in Create ML")
