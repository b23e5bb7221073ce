"""Which work in progress may be resumed: the same parameters, data and code, and only whole files."""

from pathlib import Path

from handloom.training.checkpoints import latest_checkpoint, training_fingerprint


def test_the_fingerprint_follows_parameters_and_data_and_not_the_place(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "table").write_text("joints")
    here, there = tmp_path / "here/table", tmp_path / "there/table"
    assert training_fingerprint({"lr": 1}, [here]) == training_fingerprint({"lr": 1}, [there])
    assert training_fingerprint({"lr": 1}, [here]) != training_fingerprint({"lr": 2}, [here])
    there.write_text("other joints")
    assert training_fingerprint({"lr": 1}, [here]) != training_fingerprint({"lr": 1}, [there])


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path) is None
    (tmp_path / ".iteration-000030.77.part.ckpt").touch()  # what a killed process leaves
    assert latest_checkpoint(tmp_path) is None
    for number in (9, 19, 109):
        (tmp_path / f"iteration-{number:06d}.ckpt").touch()
    assert latest_checkpoint(tmp_path) == tmp_path / "iteration-000109.ckpt"
