"""A training session: a folder with everything that another process needs to resume the training."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from handloom.api.errors import IncompatibleParametersError, ModifiedTrainingDataError
from handloom.api.frames import FRAMES, on_disk, write_frames
from handloom.api.parameters import ModelParameters, TrainingSessionParameters, parameters_of, with_validation
from handloom.api.progress import Checkpoint, Phase
from handloom.config import Kind, Parameters, Training, as_plain, section_from
from handloom.config.errors import one_line
from handloom.data_source import DataSource
from handloom.errors import ConfigurationError, DataError, HandloomError, expect, printable
from handloom.stages.layout import CHECKPOINTS, Layout
from handloom.support.files import replacing, write_json
from handloom.tracking import flat

Task = TypeVar("Task")

SESSION_FILE = "session.json"
FILES = "files.json"  # the training data's files by name, with a hash of each
FORMAT = 1  # of the session file
# They say how long a session is and how often it reports, and may change when it is resumed.
MAY_CHANGE = ("iterations", "checkpoint_interval")


class TrainingSession(Generic[Task]):
    """A training that can be stopped and resumed; made by a classifier's `make_training_session`.

    Attributes:
        task: the classifier's class.
        folder: where all of it is.
        parameters: all of them, as in `params.yaml`.
        date: when it was made, local time.
        model_parameters: what it was made with; None in a session that was restored.
    """

    def __init__(self, task: type[Task], kind: Kind, folder: Path, parameters: Parameters, date: datetime) -> None:
        self.task, self.kind, self.folder, self.parameters, self.date = task, kind, folder, parameters, date
        self.model_parameters: ModelParameters | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    @property
    def layout(self) -> Layout:
        """The paths of its artefacts."""
        return Layout.session(self.folder)

    @property
    def phase(self) -> Phase:
        """Its phase."""
        if self.checkpoints:
            return Phase.TRAINING
        return Phase.EXTRACTING_FEATURES if self.layout.keypoints.exists() else Phase.INITIALIZED

    @property
    def iteration(self) -> int:
        """The iteration of the newest checkpoint."""
        return self.checkpoints[-1].iteration if self.checkpoints else 0

    @property
    def is_finished(self) -> bool:
        """Whether there is a model, finished or paused."""
        return self.layout.model_file.exists()

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """All checkpoints, the oldest first; a damaged one is left out."""
        from handloom.training.checkpoints import checkpoints_in

        found = []
        for path in checkpoints_in(self.folder / CHECKPOINTS):
            try:
                found.append(Checkpoint.read(path))
            except DataError:
                continue  # the training names it when it is resumed
        return found

    def remove_checkpoints(self, predicate: Callable[[Checkpoint], bool]) -> None:
        """Remove the checkpoints for which `predicate` is true."""
        for checkpoint in self.checkpoints:
            if predicate(checkpoint):
                checkpoint.path.unlink(missing_ok=True)

    def reuse_extracted_features(self, other: "TrainingSession[Any]") -> None:
        """Copy the joints that another session extracted from the same files with the same settings.

        Raises:
            HandloomError: this session has checkpoints already, or the other one has not finished extraction.
            IncompatibleParametersError: joints would be found in another way here.
            ModifiedTrainingDataError: the other session has other training data.
        """
        expect("other", other, TrainingSession)
        if self.checkpoints:
            raise HandloomError("reuse_extracted_features: this session has checkpoints already; make a new one")
        if not other.layout.keypoints.exists():
            raise HandloomError("reuse_extracted_features: the other session has not finished extraction")
        extraction, others = as_plain(self.parameters.extract_keypoints), as_plain(other.parameters.extract_keypoints)
        for name, value in flat(others, "extraction").items():
            if flat(extraction, "extraction")[name] != value:
                raise IncompatibleParametersError(name, value, flat(extraction, "extraction")[name])
        if _source_of(self) != _source_of(other):
            raise ModifiedTrainingDataError("reuse_extracted_features: the other session has another data source")
        with replacing(self.folder / FILES) as temporary:  # so that a file that has changed since is noticed
            shutil.copy(other.folder / FILES, temporary)
        with replacing(self.layout.keypoint_report) as temporary:
            shutil.copytree(other.layout.keypoint_report, temporary)
        with replacing(self.layout.keypoints) as temporary:
            shutil.copy(other.layout.keypoints, temporary)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.kind}, {self.phase.value}, iteration {self.iteration}, {str(self.folder)!r})"
        )


def make_session(
    task: type[Task],
    kind: Kind,
    training_data: DataSource,
    parameters: ModelParameters,
    session_parameters: TrainingSessionParameters,
) -> TrainingSession[Task]:
    """Make a session, or open the one in the session directory.

    Raises:
        ConfigurationError: a parameter cannot be used.
        IncompatibleParametersError: the directory holds a session with other parameters.
        ModifiedTrainingDataError: the same, with another data source.
    """
    expect("training_data", training_data, DataSource)
    expect("parameters", parameters, ModelParameters)
    expect("session_parameters", session_parameters, TrainingSessionParameters)
    joined = with_validation(kind, training_data, parameters.validation)
    temporary = None
    if session_parameters.session_directory is None:
        temporary = tempfile.TemporaryDirectory(prefix="handloom-session-")
        folder = Path(temporary.name)
    else:
        folder = _folder_of(session_parameters)
    existing = _read(folder) if (folder / SESSION_FILE).exists() else None
    source, tables = on_disk(joined, folder)
    checked = parameters_of(kind, source, parameters, session_parameters)
    content: dict[str, Any] = {
        "format": FORMAT,
        "kind": kind,
        "working_folder": str(Path.cwd()),
        "parameters": as_plain(checked),
        "frames": tables,
        "date": datetime.now().astimezone().isoformat(),
    }
    if existing:
        _require_same(existing, content)
        content["date"] = existing["date"]
    elif folder.exists() and any(folder.iterdir()):
        raise HandloomError(f"{printable(str(folder))}: not empty, and not a session; name another session directory")
    write_frames(joined, folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SESSION_FILE, content)
    session = TrainingSession(task, kind, folder, checked, datetime.fromisoformat(content["date"]))
    session._temporary = temporary
    return session


def restore_session(
    task: type[Task], kind: Kind, session_parameters: TrainingSessionParameters
) -> TrainingSession[Task]:
    """Open the session in a directory; another process may have made it.

    Args:
        task: the classifier's class.
        kind: "pose" or "action".
        session_parameters: those that made it; `iterations` and `checkpoint_interval` may differ.

    Raises:
        HandloomError: there is no session, or it is another classifier's.
        IncompatibleParametersError: `report_interval` differs.
    """
    expect("session_parameters", session_parameters, TrainingSessionParameters)
    if session_parameters.session_directory is None:
        raise ConfigurationError("session_directory: say where the session is")
    folder = _folder_of(session_parameters)
    content = _read(folder)
    if content["kind"] != kind:
        raise HandloomError(f"{printable(str(folder))}: the session trains a hand {content['kind']} classifier")
    parameters = content["parameters"]
    section = parameters[f"train_{kind}"]
    if section["report_interval"] != session_parameters.report_interval:
        raise IncompatibleParametersError(
            "report_interval", section["report_interval"], session_parameters.report_interval
        )
    section |= {name: getattr(session_parameters, name) for name in MAY_CHANGE}
    try:
        section_from(Training, section)
    except ValidationError as error:
        raise ConfigurationError(one_line(error)) from None
    checked = section_from(Parameters, parameters)
    write_json(folder / SESSION_FILE, content)
    return TrainingSession(task, kind, folder, checked, datetime.fromisoformat(content["date"]))


def read_session_file(folder: Path) -> tuple[Kind, Parameters, Path]:
    """Read what to train, with which parameters, and the folder of relative paths.

    Raises:
        DataError: there is no session.
    """
    content = _read(folder)
    return content["kind"], section_from(Parameters, content["parameters"]), Path(content["working_folder"])


def _read(folder: Path) -> dict[str, Any]:
    path = folder / SESSION_FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        section_from(Parameters, content["parameters"])
        if content["format"] != FORMAT or not content.keys() >= {"kind", "working_folder", "frames", "date"}:
            raise ValueError
        return content
    except FileNotFoundError:
        raise DataError(f"{printable(str(folder))}: no session here; make one with make_training_session") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise DataError(
            f"{printable(str(path))}: not a session of this version of handloom; use another folder"
        ) from None


def _folder_of(session_parameters: TrainingSessionParameters) -> Path:
    directory = session_parameters.session_directory
    expect("session_directory", directory, str, Path)
    folder = Path(directory or "").expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"session_directory: {printable(str(folder))} is not a folder; name another one")
    return folder


def _require_same(existing: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    kind = existing["kind"]
    if content["kind"] != kind:
        raise HandloomError(f"the session directory holds a session of a hand {kind} classifier; give another one")
    old, new = existing["parameters"], content["parameters"]
    if old["data"] != new["data"] or existing["frames"] != content["frames"]:
        raise ModifiedTrainingDataError(
            "training_data: the session was made with another data source; give that one, or another session directory"
        )
    for section, name in ((f"train_{kind}", "training"), ("split", "validation"), ("extract_keypoints", "extraction")):
        before, now = flat(old[section], name), flat(new[section], name)
        for key, value in before.items():
            short = key.removeprefix("training.")
            if now.get(key) != value and short not in MAY_CHANGE:
                raise IncompatibleParametersError(short, value, now.get(key))


def _source_of(session: TrainingSession[Any]) -> Any:
    content = _read(session.folder)
    data = json.dumps(content["parameters"]["data"])
    return data.replace(json.dumps(str(session.folder / FRAMES))[:-1], '"'), content["frames"]
