"""Where work lies, for each way to begin."""

from pathlib import Path

import pytest

from handloom.support.workspace import Workspace


def test_the_workspace_is_the_dvc_project_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    here = Workspace.here()
    assert (here.root, here.anchor) == (tmp_path, tmp_path)
    assert here.store == tmp_path / "mlflow.db"


def test_dvc_names_the_project_in_its_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, copy = tmp_path / "project", tmp_path / "copy"
    for folder in (project, copy):
        (folder / ".dvc").mkdir(parents=True)
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.chdir(copy)
    assert Workspace.here() == Workspace(project, project)


def test_addresses_count_from_the_working_folder_where_work_has_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    session = Workspace.inside(Path("session"))
    assert (session.root, session.anchor) == (tmp_path / "session", tmp_path)
    assert Workspace(tmp_path / "other").anchor == tmp_path / "other"


def test_a_script_that_runs_elsewhere_works_for_its_own_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_ROOT", raising=False)
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / ".dvc").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert Workspace.here(project) == Workspace(project, project, project)
