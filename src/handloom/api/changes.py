"""Check that data and parameters are those of a session's checkpoints."""

import json
from pathlib import Path

from handloom.api.errors import IncompatibleParametersError, ModifiedTrainingDataError
from handloom.api.frames import hash_of_table
from handloom.api.session import FILES
from handloom.config import Kind, Parameters
from handloom.errors import HandloomError, printable
from handloom.sources import gather_all
from handloom.stages.layout import CHECKPOINTS, Layout
from handloom.stages.run import source_of
from handloom.support.workspace import Workspace

JOINTS = "the table of joints"


def refuse_changes(folder: Path, kind: Kind, parameters: Parameters, workspace: Workspace) -> None:
    """Compare a session's data and training with the recorded ones; the first time, record them.

    Raises:
        ModifiedTrainingDataError: a file of the training data was added, removed or changed.
        IncompatibleParametersError: a parameter of the training changed.
        HandloomError: the checkpoints are those of another version of handloom.
    """
    _refuse_other_files(folder, kind, parameters, workspace)
    _refuse_other_training(folder, kind, parameters)


def _refuse_other_files(folder: Path, kind: Kind, parameters: Parameters, workspace: Workspace) -> None:
    from handloom.extraction.outcomes import hashes_of
    from handloom.support.files import write_json

    settings = parameters.extract_keypoints
    source = source_of(parameters, kind, workspace)
    gathered = gather_all(source, kind, "training_data", settings.target_frame_rate, settings.accept_slow_clips)
    hashes = hashes_of(gathered.clips, settings, workspace.keypoint_cache)
    now = {
        json.dumps([clip.name, clip.label, clip.start, clip.end, clip.part]): hashes.get(clip.path, "")
        for clip in gathered.clips
    }
    if gathered.keypoints is not None:
        now[json.dumps([JOINTS])] = hash_of_table(gathered.keypoints)
    if not (folder / FILES).exists():
        write_json(folder / FILES, now)
        return
    before = json.loads((folder / FILES).read_text(encoding="utf-8"))
    changed = list(dict.fromkeys(json.loads(key)[0] for key in before | now if before.get(key) != now.get(key)))
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ModifiedTrainingDataError(
            f"training_data: {printable(changed[0])}{more} changed since the session was made;"
            " use another session directory"
        )


def _refuse_other_training(folder: Path, kind: Kind, parameters: Parameters) -> None:
    from handloom.training.checkpoints import checkpoints_in
    from handloom.training.resume import MADE_OF_FILE, TrainingTask

    layout = Layout.session(folder)
    noted = folder / CHECKPOINTS / MADE_OF_FILE
    if not noted.exists() or not checkpoints_in(folder / CHECKPOINTS):
        return
    before = json.loads(noted.read_text(encoding="utf-8"))
    now = TrainingTask(kind, parameters.training(kind), layout.keypoints, layout.split).made_of
    for name in before | now:
        if before.get(name) == now.get(name):
            continue
        if name.startswith(f"train_{kind}."):
            raise IncompatibleParametersError(name.removeprefix(f"train_{kind}."), before.get(name), now.get(name))
        if name in ("the keypoint table", "the split"):
            raise ModifiedTrainingDataError(
                f"training_data: {name} of the session changed; use another session directory"
            )
        raise HandloomError(
            f"{name} differs from the one of this session's checkpoints; restore it or delete the checkpoints"
            " (remove_checkpoints)"
        )
