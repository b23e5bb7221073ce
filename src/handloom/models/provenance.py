"""Where a trained model comes from: the file beside it, which travels with it into the export's metadata."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from handloom import keypoint_table
from handloom.errors import DataError
from handloom.support.files import write_json
from handloom.support.repository import current_commit


@dataclass(frozen=True)
class Provenance:
    """What made a model. It differs from one training to the next, so it is kept beside the model, not inside.

    Attributes:
        run_id: of the MLflow run.
        git_commit: sha of the commit that it was trained at, with ", changed" where files differed; empty without git.
        keypoints_sha256: of the keypoint table that it was trained on.
        split_sha256: of the table that says which of it are for training.
        landmarks: library, version and model file that found the joints; empty for joints that came from a table.
    """

    run_id: str
    git_commit: str
    keypoints_sha256: str
    split_sha256: str
    landmarks: str


def provenance_of(run_id: str, table: Path, keypoints_sha256: str, split_sha256: str) -> Provenance:
    """The provenance of a model that is trained now on a keypoint table; the hashes are of it and of its split."""
    commit = current_commit()
    return Provenance(
        run_id,
        "" if commit is None else commit.sha + (", changed" if commit.changed else ""),
        keypoints_sha256,
        split_sha256,
        landmarks_of(table),
    )


def write_provenance(path: Path, provenance: Provenance) -> None:
    """Write the file."""
    write_json(path, asdict(provenance))


def read_provenance(path: Path) -> Provenance:
    """Read the file.

    Raises:
        DataError: it is missing or not of this form.
    """
    try:
        return Provenance(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; train the model first (dvc repro)") from None
    except (ValueError, TypeError):
        raise DataError(f"{path}: does not say what the model was made of; train it again") from None


def landmarks_of(table: Path) -> str:
    """What found the joints of a keypoint table: library, version and model file; empty for joints from elsewhere."""
    metadata = keypoint_table.read_metadata(table)
    landmarker, model = metadata.get("landmarker"), metadata.get("landmark_model_sha256")
    return f"{landmarker}, hand landmark model with sha256 {model}" if landmarker and model else ""
