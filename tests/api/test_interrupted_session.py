"""However often a training is interrupted, it ends in the same bits as one that never was."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from small_sessions import (
    ITERATIONS,
    every_iteration,
    model_bytes,
    pose_parameters,
    pose_source,
    undisturbed,
)

from handloom import (
    CancelledError,
    Checkpoint,
    HandloomError,
    HandPoseClassifier,
    IncompatibleParametersError,
    Job,
    ModifiedTrainingDataError,
    Phase,
)
from handloom.api.worker import first_stage
from handloom.stages.layout import Layout

RESTORE = """
import sys
from handloom import HandPoseClassifier, TrainingSessionParameters
where = TrainingSessionParameters(sys.argv[1], report_interval=1, checkpoint_interval=1)
session = HandPoseClassifier.restore_training_session(where)
print(session.iteration, HandPoseClassifier.resume(session).result().classes)
"""
# A training too long to end by itself; after some iterations, and a checkpoint, it says which process trains.
LONG = """
import sys
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background may ignore it
sys.path.insert(0, sys.argv[2])
from small_sessions import every_iteration, pose_parameters, pose_source
from handloom import HandPoseClassifier
job = HandPoseClassifier.train(
    pose_source(), pose_parameters(maximum_iterations=100_000), every_iteration(sys.argv[1], checkpoint_interval=3)
)
told = []
job.on_progress(told.append)
job.on_progress(lambda progress: len(told) == 9 and print(job._process.pid, flush=True))
job.result()
"""


def start_pose(folder: Path, **session: Any) -> Job[HandPoseClassifier]:
    return HandPoseClassifier.train(pose_source(), pose_parameters(), every_iteration(folder, **session))


@contextmanager
def held_at_checkpoint(job: Job[Any], iteration: int) -> Iterator[None]:
    """Wait for a checkpoint of this iteration or a later one; within, the training stands still."""
    reached = threading.Event()

    def hold(checkpoint: Checkpoint) -> None:
        if checkpoint.iteration >= iteration and not reached.is_set():
            os.killpg(job._process.pid, signal.SIGSTOP)
            reached.set()

    job.on_checkpoint(hold)
    job.on_done(lambda job: reached.set())
    assert reached.wait(600)
    assert not job.is_done, "the training ended before it could be stopped"
    yield
    with suppress(ProcessLookupError):
        os.killpg(job._process.pid, signal.SIGCONT)


def is_running(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def start_long(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A program that trains, and the process that it trains in, when there is a checkpoint."""
    program = subprocess.Popen(
        [sys.executable, "-c", LONG, str(folder), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    said = program.stdout.readline()
    assert said, program.communicate()[1]
    return program, int(said)


async def wait_a_moment(job: Job[Any]) -> None:
    await asyncio.wait_for(job, 0.001)


def wait_for_end(process: int) -> None:
    deadline = time.monotonic() + 300
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(process)


def test_cancelled_and_killed_and_restored_it_ends_in_the_same_bits(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    job = start_pose(folder)
    job.cancel()  # before it has begun
    with pytest.raises(CancelledError, match="resume its session to go on"):
        job.result(300)
    assert job.is_cancelled and job.is_done
    assert repr(job) == "Job(pose, initialized, cancelled)"
    assert (job.session.phase, job.session.checkpoints) == (Phase.INITIALIZED, [])

    job = HandPoseClassifier.resume(job.session)
    with held_at_checkpoint(job, 2):
        with pytest.raises(TimeoutError):
            job.result(0.001)
        with pytest.raises(TimeoutError):
            asyncio.run(wait_a_moment(job))
        assert not job.is_done and not job.is_cancelled, "waiting no longer does not end it"
        worker = job._process.pid
    job.cancel()
    with pytest.raises(CancelledError):
        job.result(300)
    wait_for_end(worker)
    cancelled_at = job.session.iteration
    assert 2 <= cancelled_at < ITERATIONS
    assert not job.session.is_finished

    job = start_pose(folder)  # the same arguments find the same session
    told: list[int] = []
    job.on_checkpoint(lambda checkpoint: told.append(checkpoint.iteration))
    with held_at_checkpoint(job, cancelled_at + 1):
        os.killpg(job._process.pid, signal.SIGKILL)
    with pytest.raises(HandloomError, match=r"ended with status -9; resume the session to go on .*log\.txt") as caught:
        job.result(300)
    assert not isinstance(caught.value, CancelledError)
    assert told[0] == cancelled_at + 1, "checkpoints from before the interruption are no news"

    result = subprocess.run([sys.executable, "-c", RESTORE, folder], capture_output=True, text=True, cwd="/")
    assert result.returncode == 0, result.stderr
    at, _, classes = result.stdout.strip().partition(" ")
    assert cancelled_at < int(at) < ITERATIONS
    assert classes == str(undisturbed().classifier.classes)
    assert model_bytes(folder) == model_bytes(undisturbed().folder)


def test_it_goes_on_with_the_first_stage_whose_file_is_missing(tmp_path: Path) -> None:
    """Killed while whole recordings are read, it reads them again: their stream settings are not left out."""
    layout, stages = Layout.session(tmp_path), []
    assert layout.streams
    for file in (layout.keypoints, layout.split, layout.streams):
        stages.append(first_stage(layout))
        file.touch()
    assert [*stages, first_stage(layout)] == ["extract_keypoints", "split", "extract_streams", "train"]


def test_paused_by_iterations_it_goes_on_where_it_was_and_ends_in_the_same_bits(tmp_path: Path) -> None:
    paused = start_pose(tmp_path, iterations=4).result(300)
    assert paused.trained_model.spec.classes == undisturbed().classifier.classes
    session = HandPoseClassifier.restore_training_session(every_iteration(tmp_path))
    assert (session.iteration, session.is_finished) == (4, True)
    assert session.parameters.train_pose == undisturbed().job.session.parameters.train_pose
    assert model_bytes(tmp_path) != model_bytes(undisturbed().folder)

    session.remove_checkpoints(lambda checkpoint: checkpoint.iteration in (2, 4))
    assert [one.iteration for one in session.checkpoints] == [1, 3]
    job = HandPoseClassifier.resume(session)
    told: list[int] = []
    job.on_checkpoint(lambda checkpoint: told.append(checkpoint.iteration))
    job.result(300)
    assert told == list(range(4, ITERATIONS + 1))
    assert model_bytes(tmp_path) == model_bytes(undisturbed().folder)


def test_a_session_is_trained_once_at_a_time_and_ends_with_its_program_or_by_ctrl_c(tmp_path: Path) -> None:
    program, worker = start_long(tmp_path)
    session = HandPoseClassifier.restore_training_session(every_iteration(tmp_path, checkpoint_interval=3))
    with pytest.raises(HandloomError, match="being trained by another job; wait for that one, or cancel it") as caught:
        HandPoseClassifier.resume(session).result(300)
    assert "\n" not in str(caught.value)
    assert is_running(worker), "the first job is left alone"

    program.kill()
    program.communicate()
    wait_for_end(worker)
    killed_at = session.iteration
    assert killed_at >= 3

    program, worker = start_long(tmp_path)  # the session has no owner
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=300)
    assert said.strip().endswith("KeyboardInterrupt")
    wait_for_end(worker)
    assert session.iteration > killed_at, "checkpoints are kept"


def test_the_end_of_a_program_that_does_not_wait_is_the_end_of_its_job(tmp_path: Path) -> None:
    code = LONG.replace("job.on_progress(lambda", "#").replace("job.result()", "print(job._process.pid)")
    arguments = [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)]
    said = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=300)
    wait_for_end(int(said.stdout))


def test_other_parameters_are_refused_by_name_with_both_values() -> None:
    folder = undisturbed().folder
    for changes, parameter, original, new in (
        ({"batch_size": 8}, "batch_size", 2, 8),
        ({"training": {**pose_parameters().training, "optimizer": {"lr": 0.5}}}, "optimizer.lr", 0.01, 0.5),
        ({"validation": type(pose_parameters().validation).split("fixed", ratio=0.4)}, "validation.ratio", 0.3, 0.4),
        ({"extraction": {"hand": "left"}}, "hand", "raised", "left"),
    ):
        with pytest.raises(IncompatibleParametersError) as caught:
            HandPoseClassifier.make_training_session(pose_source(), pose_parameters(**changes), every_iteration(folder))
        error = caught.value
        assert error.parameter.endswith(parameter)
        assert (error.original_value, error.new_value) == (original, new)
        assert str(error).startswith(error.parameter) and "\n" not in str(error)
    with pytest.raises(IncompatibleParametersError, match="report_interval") as caught:
        HandPoseClassifier.restore_training_session(every_iteration(folder, report_interval=7))
    assert (caught.value.original_value, caught.value.new_value) == (1, 7)


def test_a_parameter_that_changes_inside_the_session_is_refused_by_the_job(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed().folder, folder)
    content = json.loads((folder / "session.json").read_text())
    content["parameters"]["train_pose"]["seed"] = 9
    (folder / "session.json").write_text(json.dumps(content))
    job = HandPoseClassifier.resume(HandPoseClassifier.restore_training_session(every_iteration(folder)))
    with pytest.raises(IncompatibleParametersError) as caught:
        job.result(300)
    assert (caught.value.parameter, caught.value.original_value, caught.value.new_value) == ("seed", 1, 9)


def test_another_data_frame_is_refused() -> None:
    with pytest.raises(ModifiedTrainingDataError, match="another data source") as caught:
        HandPoseClassifier.train(pose_source(seed=1), pose_parameters(), every_iteration(undisturbed().folder))
    assert "\n" not in str(caught.value)
