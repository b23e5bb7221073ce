"""Where a trained model comes from: the file next to it, which travels with it into the export's metadata."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from handloom import keypoint_table
from handloom.config import HAND_CHOICES, HandChoice
from handloom.errors import DataError
from handloom.models.model import ModelSpec
from handloom.support.files import sha256_of_file, write_json

_FINGERPRINT, _OLD_RUN_ID = re.compile(r"[0-9a-f]{64}"), re.compile(r"[A-Za-z0-9][\w.-]*")
_OLD = ("run_id", "git_commit")  # what older files say in place of the fingerprint


@dataclass(frozen=True)
class Provenance:
    """The provenance of a model: equal for equal trainings on the same kind of processor.

    Attributes:
        fingerprint: of the training, of all that decides its result but stream settings (`training.resume.LastStep`);
            by it the MLflow run is found, which has the commit and the time. Empty for a model of an older handloom.
        keypoints_sha256: of the keypoint table that it was trained on.
        split_sha256: of the table that says which of it are for training.
        landmarks: library, version and model file that found the joints; empty for joints that came from a table.
        old_run_id: of the MLflow run, for a model of an older handloom.
    """

    fingerprint: str
    keypoints_sha256: str
    split_sha256: str
    landmarks: str
    old_run_id: str = ""

    @property
    def training(self) -> str:
        """The key by which `tracking.Tracker.run_of` finds the run."""
        return self.fingerprint or self.old_run_id


def provenance_of(fingerprint: str, table: Path, keypoints_sha256: str, split_sha256: str) -> Provenance:
    """The provenance of a model that is trained on a keypoint table; the hashes are of it and of its split."""
    return Provenance(fingerprint, keypoints_sha256, split_sha256, landmarks_of(table))


def write_provenance(path: Path, provenance: Provenance) -> None:
    """Write the file."""
    write_json(path, {name: text for name, text in asdict(provenance).items() if name != "old_run_id"})


def read_provenance(path: Path) -> Provenance:
    """Read the file, also one of an older handloom.

    Raises:
        DataError: it is missing or not of this form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if "run_id" in content:
            content = {"fingerprint": "", "old_run_id": content["run_id"]} | {
                name: text for name, text in content.items() if name not in _OLD
            }
        provenance = Provenance(**content)
        known = _FINGERPRINT.fullmatch(provenance.fingerprint) or _OLD_RUN_ID.fullmatch(provenance.old_run_id)
        if not known or not all(isinstance(text, str) for text in asdict(provenance).values()):
            raise ValueError
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; train the model first (dvc repro)") from None
    except (ValueError, TypeError, RecursionError):
        raise DataError(f"{path}: damaged, it does not say what the model was made of; train it again") from None
    return provenance


def hand_of(table: Path) -> HandChoice | Literal[""]:
    """The rule that chose the hand in a keypoint table; empty if unknown."""
    rule = keypoint_table.read_metadata(table).get("hand", "")
    return next((choice for choice in HAND_CHOICES if choice == rule), "")


def landmarks_of(table: Path) -> str:
    """The landmarker of a keypoint table: library, version and model file; empty for imported joints."""
    metadata = keypoint_table.read_metadata(table)
    landmarker, model = metadata.get("landmarker"), metadata.get("landmark_model_sha256")
    return f"{landmarker}, hand landmark model with sha256 {model}" if landmarker and model else ""


def found_by(spec: ModelSpec, model: Path) -> bool | None:
    """Whether a landmark model found the joints of a training; None where that is not known.

    Args:
        spec: of the trained model.
        model: the `hand_landmarker.task` file.
    """
    return sha256_of_file(model) in spec.landmarks if spec.landmarks else None
