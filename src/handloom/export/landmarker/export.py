"""The landmarker next to a classifier: both networks written, proven from disk, and described."""

from dataclasses import replace
from pathlib import Path

from handloom.config import Parameters
from handloom.errors import HandloomError
from handloom.export.landmarker.proof import PALM, NetworkProof, drawn_pictures, prove
from handloom.export.landmarker.write import write_landmarker
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.models.files import VERIFICATION_FILE
from handloom.support.files import write_json


def export_landmarker(parameters: Parameters, project: Path, folder: Path) -> list[NetworkProof]:
    """Write the networks that found the joints; run each file, read back from disk, against LiteRT.

    Args:
        parameters: all of them; `export_coreml` and `extract_keypoints.landmark_model` decide.
        project: the folder that relative paths count from.
        folder: a new one; it gets the files, `verification.json`, the licence and a note.

    Raises:
        ConfigurationError: none of the formats can hold them, or the extra for one is not installed.
        HandloomError: the landmark model cannot be used, or a file is not what it was.
    """
    settings = parameters.extract_keypoints.landmark_model
    model = landmark_model_path(replace(settings, path=str(project / settings.path) if settings.path else ""))
    LiteRTLandmarker(model, PALM).close()  # refuses what is no model, or another one; the proof takes the same networks
    folder.mkdir()
    try:
        files = write_landmarker(model, parameters.export_coreml, folder)
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
