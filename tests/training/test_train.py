"""The training stage on a table of its own: what it refuses, what it reports, what it leaves behind."""

import copy
import csv
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytorch_lightning as lightning
import torch
from mlflow.entities import Run
from small_training import PARTS, TABLE, WITH_VALIDATION, WITHOUT_VALIDATION, settings_with, train_small, write_tables
from tracked import client, trained_run
from typing_extensions import override

from handloom.config import Model, as_plain
from handloom.dataset.examples import read_examples
from handloom.errors import ConfigurationError, DataError, HandloomError, Paused
from handloom.models.checkpoint import read_checkpoint
from handloom.support.files import sha256_of_file
from handloom.support.lock import alone
from handloom.support.workspace import Workspace
from handloom.training.checkpoints import AtomicCheckpointIO
from handloom.training.resume import LastStep, TrainingTask
from handloom.training.train import train

TRAINING = Path(".handloom/training")
PATIENT = {"patience": 1000}


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def history() -> list[dict[str, str]]:
    return list(csv.DictReader(Path("out/history.csv").open()))


def outputs() -> tuple[bytes, bytes]:
    return Path("out/model.ckpt").read_bytes(), Path("out/history.csv").read_bytes()


def weights() -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = read_checkpoint(Path("out/model.ckpt"))["state_dict"]
    return state


def logged(name: str) -> list[tuple[int, float]]:
    run_id = trained_run(Path("out")).run_id
    return [(point.step, point.value) for point in client().get_metric_history(run_id, name)]


def add_text(text: str) -> LastStep:
    def add_to(model: Path) -> None:
        content = read_checkpoint(model)
        AtomicCheckpointIO().save_checkpoint(content | {"text": text}, model)

    return LastStep(add_to, {"the text": text})


def test_what_the_last_step_adds_is_in_the_hash_and_in_the_kept_result_until_it_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    for text, trained in (("one", True), ("one", False), ("two", True), ("two", False)):
        shutil.rmtree("out", ignore_errors=True)
        train_small(maximum_iterations=2, last_step=add_text(text))
        assert ("had ended already" in capsys.readouterr().out) == (not trained)
        assert read_checkpoint(Path("out/model.ckpt"))["text"] == text
        run = client().get_run(trained_run(Path("out")).run_id)
        assert run.data.tags["handloom.model_sha256"] == sha256_of_file(Path("out/model.ckpt"))


def test_without_validation_none_is_reported() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    train_small()
    assert [row["iteration"] for row in history()] == ["2", "4"]
    assert set(history()[0]) == {"iteration", "loss", "accuracy", "validation_loss", "validation_accuracy"}
    assert not any(row["validation_loss"] or row["validation_accuracy"] for row in history())  # empty, for dvc plots


def test_every_report_has_validation_also_the_last_one() -> None:
    write_tables(["a", "b"] * 10, WITH_VALIDATION)
    train_small(maximum_iterations=5)
    assert [row["iteration"] for row in history()] == ["2", "4", "5"]
    assert all(row["validation_loss"] and row["validation_accuracy"] for row in history())


def test_the_reported_numbers_are_those_in_mlflow() -> None:
    write_tables(["a", "b"] * 10, WITH_VALIDATION)
    train_small(early_stopping=PATIENT | {"monitor": "training_loss"})
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy", "training_loss"):
        assert logged(name) == [(int(row["iteration"]), float(row[name])) for row in history()]


def test_without_a_tracker_there_is_no_store_and_the_bits_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(["a", "b"] * 10, WITH_VALIDATION)
    for session in (2, 1000, 1000):  # paused, gone on with, and taken from the one that had ended
        train(TrainingTask("pose", settings_with(iterations=session), TABLE, PARTS), Path("out"), Workspace.here())
    said = capsys.readouterr().out
    assert "resuming from iteration-000002" in said and "had ended already; its model was taken from" in said
    untracked = outputs(), Path("out/run.json").read_bytes()
    assert not Path("mlflow.db").exists()
    train_small()
    assert (outputs(), Path("out/run.json").read_bytes()) == untracked


@pytest.mark.parametrize("early_stopping", [{}, PATIENT], ids=["last network", "best network"])
def test_a_session_that_is_raised_goes_on_and_ends_in_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, early_stopping: Any
) -> None:
    shared: dict[str, Any] = {"maximum_iterations": 8, "report_interval": 3, "early_stopping": early_stopping}
    write_tables(["a", "b"] * 10, WITH_VALIDATION)
    train_small(**shared)
    undisturbed, steps = outputs(), logged("loss")

    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "elsewhere"))
    train_small(**shared, iterations=2, checkpoint_interval=5)
    assert [row["iteration"] for row in history()] == ["2"]  # where the session ended, so that there is something
    assert history()[0]["validation_loss"]
    paused = outputs()
    train_small(**shared, iterations=2)  # the same again
    assert outputs() == paused != undisturbed
    train_small(**shared, iterations=7)
    assert [row["iteration"] for row in history()] == ["3", "6", "7"]
    train_small(**shared)
    assert outputs() == undisturbed
    assert logged("loss") == steps
    assert not list((tmp_path / "elsewhere" / TRAINING).iterdir())


def test_a_shorter_session_does_not_take_what_a_longer_one_has_trained() -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    train_small(maximum_iterations=8, iterations=2, checkpoint_interval=100)
    short = outputs()
    train_small(maximum_iterations=8, iterations=6, checkpoint_interval=100)
    (next(TRAINING.glob("*/iteration-000002.ckpt"))).unlink()
    train_small(maximum_iterations=8, iterations=2, checkpoint_interval=100)
    assert outputs() == short


def test_it_goes_on_from_the_checkpoint_before_a_damaged_one_and_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    train_small()
    undisturbed = outputs()
    train_small(iterations=3)
    last = next(TRAINING.glob("*/iteration-000003.ckpt"))
    last.write_bytes(last.read_bytes()[:-1000])
    capsys.readouterr()
    train_small()
    said = capsys.readouterr().err.splitlines()[0]
    assert said == f"train_pose: {last.absolute()} is damaged; resuming from iteration-000002"
    assert outputs() == undisturbed


def test_what_changed_is_named_and_the_old_work_is_found_again(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    train_small(iterations=2)
    train_small(optimizer={"lr": 0.1}, seed=2)
    assert (
        "train_pose: an interrupted training is not continued, because train_pose.seed, train_pose.optimizer.lr"
        " changed; starting from the beginning\n" in capsys.readouterr().err
    )
    train_small()
    assert "train_pose: resuming from iteration-000002\n" in capsys.readouterr().out


def test_another_table_or_split_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    train_small(iterations=2)
    write_tables(["a", "b"] * 11, WITHOUT_VALIDATION)
    train_small(iterations=2)
    error = capsys.readouterr().err
    assert "because the keypoint table, the split changed; starting from the beginning\n" in error


def test_paused_trainings_with_other_parameters_go_on_each_by_itself() -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    for seed in range(3):
        train_small(iterations=1, seed=seed)
    train_small(iterations=2, seed=1)
    assert "iteration-000002" in str(list(TRAINING.glob("*/iteration-*"))) and logged("loss")[0][0] == 2


def test_training_stops_when_validation_no_longer_improves_and_keeps_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tables(["a", "b"] * 15, WITH_VALIDATION)  # random hands: what is memorised does not help validation
    shared: dict[str, Any] = {"maximum_iterations": 60, "report_interval": 1, "optimizer": {"lr": 0.02}}
    train_small(**shared, early_stopping={"patience": 3})
    losses = [float(row["validation_loss"]) for row in history()]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 3 < 60
    assert f"stopped at iteration {best + 3}, the model is that of iteration {best}\n" in capsys.readouterr().out
    assert not list(TRAINING.iterdir())

    chosen = weights()
    train_small(**shared, iterations=best)
    for name, tensor in weights().items():
        assert torch.equal(tensor, chosen[name]), name


def test_early_stopping_without_validation_is_refused() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(ConfigurationError, match=r"^train_pose\.early_stopping\.patience: the validation set is"):
        train_small(early_stopping=PATIENT)


class PlainLosses(lightning.Callback):
    """The loss of each iteration on the training set as it is, and its weights."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.weights: list[dict[str, torch.Tensor]] = []

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        module: Any = copy.deepcopy(pl_module).eval()
        examples = read_examples(TABLE, PARTS, "train")
        with torch.no_grad():
            scores = module(torch.from_numpy(examples.frames)[:, None])
            self.losses.append(float(module.loss(scores, torch.from_numpy(examples.targets(["a", "b"])))))
        self.weights.append(module.state_dict())


def train_untracked(callbacks: Sequence[lightning.Callback] = (), **changes: Any) -> None:
    task = TrainingTask("pose", settings_with(**changes), TABLE, PARTS)
    train(task, Path("out"), Workspace.here(), callbacks=callbacks)


def test_without_validation_the_iteration_of_the_lowest_loss_on_the_plain_training_set_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    plain = PlainLosses()
    shared: dict[str, Any] = {"maximum_iterations": 8, "report_interval": 1, "optimizer": {"lr": 0.1}}
    train_untracked(**shared, callbacks=[plain])
    as_they_were, best = history(), int(np.argmin(plain.losses)) + 1
    assert best < 8  # or nothing is tested

    shared["early_stopping"] = PATIENT | {"monitor": "training_loss"}
    train_untracked(**shared)
    told = history()
    assert [float(row.pop("training_loss")) for row in told] == pytest.approx(plain.losses, rel=1e-5)
    assert told == as_they_were  # to measure it changes nothing
    assert f"train_pose: the model is that of iteration {best}\n" in capsys.readouterr().out
    for name, tensor in weights().items():
        assert torch.equal(tensor, plain.weights[best - 1][name]), name

    kept = outputs()
    train_untracked(**shared, iterations=best + 1)
    train_untracked(**shared)
    assert outputs() == kept


def test_photos_start_from_described_hands_once_and_a_resumed_training_ends_in_the_same_bits() -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    shared: dict[str, Any] = {"model": as_plain(Model())}
    train_untracked(**shared)
    undisturbed, with_weights = outputs(), weights()
    train_untracked(**shared, iterations=2)
    train_untracked(**shared)
    assert outputs() == undisturbed
    train_untracked(**shared, pretrained_weights="none")
    assert not torch.allclose(weights()["network.hand_in.weight"], with_weights["network.hand_in.weight"], atol=0.02)


def test_aligning_sources_that_are_not_there_is_refused() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(ConfigurationError, match=r"^train_pose\.align_to\.described: no training example comes from a"):
        train_small(align_to={"described": "own"})


def test_clips_are_not_aligned() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(ConfigurationError, match=r"^train_action\.align_to: only photos can be aligned"):
        train_small("action", align_to={"described": "own"})


def test_a_loss_that_is_no_number_stops_in_one_line_and_keeps_the_last_good_checkpoint() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(HandloomError, match=r"^the (loss|weights) [^\n]* iteration \d; lower[^\n]*$"):
        train_small(maximum_iterations=20, optimizer={"lr": 1e30, "gradient_clip": 0.0})
    for path in TRAINING.glob("*/iteration-*.ckpt"):
        for name, tensor in read_checkpoint(path)["state_dict"].items():
            assert torch.isfinite(tensor).all(), (path, name)
    assert not Path("out").exists()


@pytest.mark.parametrize(("lr", "rises"), [(0.003, False), (30.0, True)])
def test_a_loss_that_rises_is_told_in_one_line_with_its_likely_cause(
    lr: float, rises: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tables(["a", "b"] * 10, WITHOUT_VALIDATION)
    optimizer = {"lr": lr, "gradient_clip": 1.0, "schedule": "constant"}
    train_small(maximum_iterations=8, report_interval=1, optimizer=optimizer)
    lines = [line for line in capsys.readouterr().err.splitlines() if "training loss rose" in line]
    assert [line.endswith("train_pose.optimizer.lr is too high (30); lower it") for line in lines] == [True] * rises


def test_joints_that_are_no_numbers_are_found_as_the_cause() -> None:
    table, _ = write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    rows = pq.read_table(table)
    joints = rows.column("keypoints").combine_chunks().flatten().to_numpy().copy()
    joints[63 * 4 + 5] = np.nan
    column = pa.FixedSizeListArray.from_arrays(pa.array(joints), 63)
    pq.write_table(rows.set_column(rows.column_names.index("keypoints"), rows.field("keypoints"), column), table)
    with pytest.raises(HandloomError, match=r"has joints that are not finite \(4\.jpg, frame 0\)[^\n]*$"):
        train_small()


def test_a_class_that_has_no_hand_to_learn_from_is_named() -> None:
    write_tables(["a", "b", "c"] * 5, WITHOUT_VALIDATION, lost="b")
    with pytest.raises(DataError, match=r"^class 'b': no hand was found in any of its training examples"):
        train_small()


def test_one_class_alone_is_refused() -> None:
    write_tables(["a"] * 6, WITHOUT_VALIDATION)
    with pytest.raises(DataError, match=r"^only the class 'a' is in the training set"):
        train_small()


def test_a_class_that_only_validation_has_is_named() -> None:
    _, parts = write_tables(["a", "b", "c"] * 5, WITHOUT_VALIDATION)
    rows = pq.read_table(parts).to_pylist()
    moved = [row | {"part": "validation" if row["label"] == "c" else row["part"]} for row in rows]
    pq.write_table(pa.Table.from_pylist(moved), parts)
    with pytest.raises(DataError, match=r"^class 'c': only the validation set has it \(\d+\.jpg\)"):
        train_small()


def test_a_window_longer_than_every_clip_is_refused() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION, frames=3)
    with pytest.raises(DataError, match=r"^train_action\.prediction_window_size is 4 frames, .* set it to at most 3$"):
        train_small("action", prediction_window_size=4)


@pytest.mark.parametrize(
    ("labels", "warning"),
    [
        (["a", "b"] * 10, "16 examples with a hand in all (at least 50 are advised), 8 of 'a', 8 of 'b' (at least 10"),
        (["a"] * 60 + ["b"] * 5, "training data: 4 of 'b' (at least 10 of a class)"),
        (["a", "b"] * 40, None),
    ],
)
def test_little_data_is_warned_of_in_one_line_and_in_mlflow(
    labels: list[str], warning: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tables(labels, WITHOUT_VALIDATION)
    train_small(maximum_iterations=1)
    lines = [line for line in capsys.readouterr().err.splitlines() if "little training data" in line]
    run = client().get_run(trained_run(Path("out")).run_id)
    if warning is None:
        assert not lines and "warning" not in run.data.tags
    else:
        assert len(lines) == 1 and warning in lines[0]
        assert warning in run.data.tags["warning"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="has what is asked for")
@pytest.mark.parametrize("asked", [{"accelerator": "gpu"}, {"accelerator": "gpu", "devices": 2, "strategy": "ddp"}])
def test_an_accelerator_that_is_not_there_is_one_line_and_opens_no_run(asked: dict[str, Any]) -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(ConfigurationError, match=r"^train_pose\.accelerator gpu, devices \d[^\n]*$"):
        train_small(**asked)
    assert not Path("mlflow.db").exists()


def test_half_precision_is_not_quietly_replaced_by_another() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    with pytest.raises(ConfigurationError, match=r"^train_pose\.precision: 16-mixed needs a GPU"):
        train_small(precision="16-mixed")


def test_brain_floats_train() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    train_small(precision="bf16-mixed")
    assert all(torch.isfinite(tensor).all() for tensor in weights().values())


def runs() -> list[Run]:
    store = client()
    return store.search_runs([one.experiment_id for one in store.search_experiments()])


def test_a_training_that_had_ended_when_dvc_was_killed_is_not_trained_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_tables(["a", "b"] * 5, WITH_VALIDATION)
    train_small()
    assert {path.name for path in Path("out").iterdir()} == {"model.ckpt", "history.csv", "run.json"}
    assert not list(TRAINING.iterdir())
    before = outputs(), Path("out/run.json").read_bytes(), [run.to_dictionary() for run in runs()]

    shutil.rmtree("out")  # as DVC does with the outputs of a stage that it has not noted
    train_small()
    said = capsys.readouterr()
    assert f"train_pose: had ended already, as run {trained_run(Path('out')).run_id}" in said.out
    assert (outputs(), Path("out/run.json").read_bytes(), [run.to_dictionary() for run in runs()]) == before

    (kept,) = Path(".handloom/trained").iterdir()
    kept.joinpath("model.ckpt").write_bytes(b"damaged")
    train_small()
    assert outputs() == before[0] and len(runs()) == 2

    trained_run(Path("out")).log_metrics({"test_accuracy": 1.0})  # the stage was at its end
    train_small()
    assert outputs() == before[0] and len(runs()) == 3


def test_ctrl_c_pauses_and_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    class CtrlC(lightning.Callback):
        def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
            if trainer.current_epoch == 2:
                signal.raise_signal(signal.SIGINT)

    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    before = signal.default_int_handler  # a program that was started in the background may ignore the signal
    signal.signal(signal.SIGINT, before)
    with pytest.raises(Paused, match=r"^paused; the same command resumes from iteration 2$"):
        train_small(callbacks=[CtrlC()])
    assert signal.getsignal(signal.SIGINT) == before
    train_small()
    assert "resuming from iteration-000002" in capsys.readouterr().out


def test_a_training_is_locked_while_it_runs() -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    told: list[str] = []

    class Second(lightning.Callback):
        """Looks, in the middle of a training, at what another process would find."""

        def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
            (lock,) = TRAINING.glob("*.lock")
            with pytest.raises(HandloomError) as caught, alone(lock, "this"):
                pass
            told.append(str(caught.value))

    train_small(callbacks=[Second()])
    assert told == [f"this is running already in process {os.getpid()}; wait for it, or stop it"]
    assert not list(TRAINING.iterdir())


def test_in_a_log_the_progress_is_not_a_line_an_iteration(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(["a", "b"] * 5, WITHOUT_VALIDATION)
    train_small(maximum_iterations=12, report_interval=1)
    lines = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert 1 <= len([line for line in lines if "iteration/s" in line]) <= 3
