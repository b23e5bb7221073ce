"""The stage: write the model files, prove that they compute what was trained, and add what an app needs."""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from handloom import tracking
from handloom.config import ExportCoreML, Kind, Parameters, as_plain
from handloom.dataset.examples import read_examples
from handloom.errors import ConfigurationError, DataError, HandloomError, reason_of
from handloom.evaluation.robustness import robustness
from handloom.export.agreement import Answers
from handloom.export.app_note import app_note
from handloom.export.convert import ml_program, neural_network
from handloom.export.core_ai_file import save_core_ai
from handloom.export.interface import FILE_NAMES, user_metadata
from handloom.export.litert_file import save_litert
from handloom.export.onnx_file import save_onnx
from handloom.export.package import save_network, save_package, weights_as_file
from handloom.export.self_check import SELF_CHECK, seal, self_check
from handloom.export.swift_kit import PACKAGE_NAME, write_swift_package
from handloom.export.task_file import save_task
from handloom.export.verification import TEST_PART, Verification, rows_of, verify
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.models.files import (
    CORE_AI,
    LANDMARKER_FOLDER,
    LITERT,
    ML_PROGRAM,
    MODEL_FILE,
    NEURAL_NETWORK,
    RUN_FILE,
    TASK,
    VERIFICATION_FILE,
)
from handloom.models.model import stream_settings_with
from handloom.models.provenance import read_provenance
from handloom.support.files import replacing, write_json
from handloom.support.workspace import Workspace

if TYPE_CHECKING:
    from handloom.export.landmarker.proof import NetworkProof

NOTE_FILE = "README.md"


def export_coreml(
    parameters: Parameters, kind: Kind, model: Path, table: Path, split: Path, out: Path, workspace: Workspace
) -> list[Verification]:
    """Write the trained model in each format; run each file, read back from disk, against it; return what came out.

    Nothing in `out` changes unless all of it holds.

    Args:
        parameters: all of them; the section `export_coreml` decides.
        kind: "pose" or "action".
        model: folder with the trained model and the file that says where it comes from.
        table: keypoint table.
        split: its parts.
        out: the folder that gets `HandPoseClassifier` or `HandActionClassifier`, after which Xcode names a class, as
            its formats say; `verification.json` (each file's proof, each runtime against each other); a note for the
            app's makers; a Swift package; if it is asked for, the landmarker.
        workspace: its tracking store has the model's run.

    Raises:
        ConfigurationError: the model was trained with another configuration, or the landmarker cannot be exported.
        DataError: the model cannot be read, or the test set is empty.
        HandloomError: a file is not what was trained; or `out` cannot be written.
    """
    settings, trained = parameters.export_coreml, load_model(model / MODEL_FILE)
    _check_configuration(trained, parameters, kind)
    stream = stream_settings_with(trained, settings.streams.of(kind))
    trained = replace(trained, spec=replace(trained.spec, stream=stream))
    export_landmarker = _landmarker(parameters, workspace, trained)
    examples = read_examples(table, split, "test", left_hands=trained.spec.left_hands)
    rows = rows_of(trained.spec.window, examples, parameters.evaluate.window_stride)
    provenance = read_provenance(model / RUN_FILE)
    metadata = user_metadata(trained, provenance)
    metadata[SELF_CHECK] = self_check(trained, rows[TEST_PART]())
    try:
        with replacing(out) as temporary:
            temporary.mkdir()
            files = write_files(trained, settings, metadata, temporary)
            answers = Answers()
            verifications = [verify(file, trained, rows, answers) for file in files]
            pairs = answers.pairs()
            write_json(
                temporary / VERIFICATION_FILE,
                {"files": [one.plain() for one in verifications], "runtimes": [pair.plain() for pair in pairs]},
            )
            compressed = settings.weight_compression != "none"
            robust = robustness(trained, examples, parameters.evaluate.window_stride)
            note = app_note(trained, [file.name for file in files], compressed, pairs, robust)
            (temporary / NOTE_FILE).write_text(note, encoding="utf-8")
            write_swift_package(temporary / PACKAGE_NAME)
            proofs = export_landmarker(temporary / LANDMARKER_FOLDER)
            run = tracking.Tracker(workspace).run_of(provenance.training, kind, parameters)
            _track(run, verifications, temporary)
            for one in verifications:
                if one.problems:
                    raise HandloomError(f"{one.path.name} is not what was trained: {'; '.join(one.problems)}")
    except OSError as error:
        raise HandloomError(f"{out}: cannot be written ({reason_of(error)}); the previous export is kept") from None
    for proof in proofs:
        print(proof.summary)
    return [replace(one, path=out / one.path.name) for one in verifications]


def _landmarker(
    parameters: Parameters, workspace: Workspace, trained: TrainedModel
) -> "Callable[[Path], list[NetworkProof]]":
    """What exports the landmarker to a new folder, if it is asked for; refused now where that cannot be."""
    if not parameters.export_coreml.landmarker:
        return lambda _: []
    from handloom.export.landmarker import export  # it loads what draws and reads media

    model = export.landmarker_to_export(parameters, workspace.project, trained.spec)
    return partial(export.export_landmarker, model, parameters.export_coreml, trained.spec)


def _check_configuration(trained: TrainedModel, parameters: Parameters, kind: Kind) -> None:
    if trained.spec.kind != kind:
        raise DataError(f"the model is one for {trained.spec.kind}, not for {kind}; train it again (dvc repro)")
    now = tracking.flat(as_plain(parameters.training(kind)), f"train_{kind}")
    for key, value in tracking.flat(trained.training, f"train_{kind}").items():
        decided = key.endswith(".left_hands") and now.get(key) == "auto"  # the training set has decided it
        if now.get(key) != value and not decided:
            raise ConfigurationError(
                f"{key}: is {now.get(key)}, and the model was trained with {value}; train it again (dvc repro)"
            )


def write_files(model: TrainedModel, settings: ExportCoreML, metadata: Mapping[str, str], folder: Path) -> list[Path]:
    """Write a model in each format that is configured, under the name that Xcode makes a class of; the files.

    Raises:
        ConfigurationError: the extra for a format is not installed.
        OSError: the disk is full, say.
    """
    formats = list(dict.fromkeys(settings.formats))
    if model.spec.kind == "action" and "task" in formats and len(formats) > 1:  # both kinds have the same section
        print("export_coreml action: no .task, which is for poses", file=sys.stderr)
        formats.remove("task")
    files = [folder / f"{FILE_NAMES[model.spec.kind]}.{one}" for one in formats]
    for file in files:
        if file.suffix == ML_PROGRAM:
            with weights_as_file():
                save_package(ml_program(model, settings, metadata), file)
        elif file.suffix == NEURAL_NETWORK:
            save_network(neural_network(model, settings, metadata), file)
        elif file.suffix == CORE_AI:
            save_core_ai(model, file, settings, metadata)
        elif file.suffix == LITERT:
            save_litert(model, file, settings, metadata)
        elif file.suffix == TASK:
            save_task(model, file, settings, metadata)
        else:
            save_onnx(model, file, _about(settings) | dict(metadata))
        seal(file)
    return files


def _about(settings: ExportCoreML) -> dict[str, str]:
    """What a Core ML file has places of their own for, and ONNX has not."""
    texts = {
        "Author": settings.author,
        "Short Description": settings.short_description,
        "License": settings.license,
        "Version": settings.version,
    }
    return {name: text for name, text in texts.items() if text}


def _track(run: tracking.Run, verifications: list[Verification], folder: Path) -> None:
    for one in verifications:
        compared = one.comparisons.values()
        numbers = {
            "bytes": one.bytes,
            "other_labels": sum(each.rows - each.equal_labels for each in compared),
            "largest_difference": max((each.largest_difference for each in compared), default=math.inf),
        }
        name = f"export_{one.path.suffix.removeprefix('.')}"
        run.log_metrics({f"{name}_{key}": value for key, value in numbers.items()})
    passed = not any(one.problems for one in verifications)
    run.log_files(sorted(folder.iterdir()) if passed else [folder / VERIFICATION_FILE], "exports")
