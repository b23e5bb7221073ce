"""The landmarker next to a classifier: both networks written, proven from disk, and described."""

from dataclasses import replace
from pathlib import Path

from handloom.config import ExportCoreML, Parameters
from handloom.errors import ConfigurationError, HandloomError
from handloom.export.landmarker.proof import PALM, NetworkProof, drawn_pictures, prove
from handloom.export.landmarker.write import endings_of, write_landmarker
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.models.files import VERIFICATION_FILE
from handloom.models.model import ModelSpec
from handloom.models.provenance import found_by
from handloom.support.files import write_json


def landmarker_to_export(parameters: Parameters, project: Path, spec: ModelSpec) -> Path:
    """The landmark model that is configured; what can be checked before a file is written is.

    Args:
        parameters: all of them; `export_coreml` and `extract_keypoints.landmark_model` decide.
        project: the folder that relative paths count from.
        spec: of the trained model; it says what found the joints of the training.

    Raises:
        ConfigurationError: none of the formats can hold its networks, or others found the joints of the training.
        LandmarkModelError: it cannot be had, or does not hold the networks.
    """
    endings_of(parameters.export_coreml)
    settings = parameters.extract_keypoints.landmark_model
    model = landmark_model_path(replace(settings, path=str(project / settings.path) if settings.path else ""))
    if found_by(spec, model) is False:
        raise ConfigurationError(
            f"export_coreml.landmarker: {model} has not found the joints of this training; extract and train again (dvc"
            " repro), or set export_coreml.landmarker to false"
        )
    LiteRTLandmarker(model, PALM).close()  # refuses what is no model, or another one; the proof takes the same networks
    return model


def export_landmarker(model: Path, settings: ExportCoreML, spec: ModelSpec, folder: Path) -> list[NetworkProof]:
    """Write the networks of a landmark model; run each file, read back from disk, against LiteRT.

    Args:
        model: as `landmarker_to_export` gives it.
        settings: the section `export_coreml`.
        spec: of the trained model; it says what found the joints of the training.
        folder: a new one; it gets the files, `verification.json`, the licence and a note.

    Raises:
        ConfigurationError: none of the formats can hold them, or the extra for one is not installed.
        HandloomError: the networks cannot be converted, or a file is not what it was.
    """
    folder.mkdir()
    try:
        found = bool(found_by(spec, model))
        files = write_landmarker(model, settings, folder, found_joints=found, joints_of=spec.landmarker)
    except NotImplementedError as error:
        raise HandloomError(
            f"{model}: {error}; export_coreml.landmarker is for MediaPipe's networks, set it to false"
        ) from None
    proofs = prove(files, model, drawn_pictures())
    write_json(folder / VERIFICATION_FILE, [one.plain() for one in proofs])
    for one in proofs:
        if not one.passed:
            raise HandloomError(f"{one.summary}: too far; the landmarker is not exported")
    return proofs
