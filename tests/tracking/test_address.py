"""The address of the store: relative ones, paths with any characters, and what of a password is seen."""

import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from handloom.errors import HandloomError
from handloom.support.repository import main_repository
from handloom.support.sqlite_address import sqlite_address
from handloom.support.workspace import Workspace
from handloom.tracking.address import VARIABLE, Address, same_store, store_address
from handloom.tracking.store import Store

AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@example.org")
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)


def address_here() -> Address:
    return store_address(Workspace.here())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DVC project and, in it, the working folder: a copy in which DVC runs an experiment."""
    folder = tmp_path / "project"
    copy = folder / ".dvc/tmp/exps/temporary"
    (copy / ".dvc").mkdir(parents=True)
    monkeypatch.setenv("DVC_ROOT", str(folder))
    monkeypatch.chdir(copy)
    return folder


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *AUTHOR, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("", "mlflow.db"),
        ("sqlite:///mlflow.db", "mlflow.db"),
        ("sqlite:///./x.db", "x.db"),
        ("sqlite+pysqlite:///stores/x.db", "stores/x.db"),
        ("sqlite:///my%20runs/what%3F.db", "my runs/what?.db"),
        ("sqlite:///file:x.db?mode=rw&uri=true", "x.db"),
        ("sqlite:///file:my%2520runs/x.db?uri=true", "my runs/x.db"),
    ],
)
def test_a_relative_file_lies_in_the_main_repository(
    address: str, file: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    assert address_here().file == project / file
    assert address_here().shown.endswith(str(project / file))
    assert Store(Workspace.here()).artifact_folder() == (project / file).parent / "mlruns"


@pytest.mark.parametrize("address", ["runs", "./runs", "file:runs", "file:./runs", "file://./runs"])
def test_a_relative_folder_lies_in_the_main_repository(
    address: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    assert address_here().uri == (project / "runs").as_uri()


def test_files_of_runs_in_a_database_of_another_kind_lie_in_the_main_repository(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://me@127.0.0.1/runs")
    assert Store(Workspace.here()).artifact_folder() == project / "mlruns"


def test_an_absolute_file_stays_where_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sqlite:////elsewhere/mlflow.db")
    assert address_here().file == Path("/elsewhere/mlflow.db")


def test_a_command_that_keeps_its_work_in_a_folder_of_its_own_uses_the_projects_store(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "sqlite:///mlflow.db")
    (tmp_path / "out").mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "out"))
    (project / "data").mkdir()
    for folder, root in ((project / "data", project), (tmp_path, tmp_path)):
        monkeypatch.chdir(folder)
        assert address_here().file == root / "mlflow.db"


def test_a_further_work_tree_of_git_has_the_store_of_the_main_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_ROOT")
    monkeypatch.delenv(VARIABLE, raising=False)
    project = tmp_path / "repository/a project"
    (project / ".dvc").mkdir(parents=True)
    (project / ".dvc/config").write_text("")
    git(tmp_path, "init", "--quiet", "repository")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "start")
    git(project, "worktree", "add", "--quiet", str(tmp_path / "further"))
    further = tmp_path / "further/a project"
    monkeypatch.chdir(further)
    assert address_here().file == project / "mlflow.db"
    monkeypatch.setenv("DVC_ROOT", str(further))  # as DVC does in a stage
    monkeypatch.setenv(VARIABLE, "sqlite:///mlflow.db")
    assert address_here().file == project / "mlflow.db"

    out = further / "out"  # of `handloom train --out`: no DVC project, so it stays where it was asked for
    for folder in (out, project / "out"):
        folder.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(out))
    assert main_repository() == out


@given(NAMES)
@settings(deadline=None, max_examples=60)
def test_a_path_with_any_characters_is_the_file_that_is_opened(name: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / name
        try:
            folder.mkdir()
        except OSError:  # too long in UTF-8, say
            return
        address = sqlite_address(folder / "x.db")
        with create_engine(address, poolclass=NullPool).connect() as connection:
            connection.exec_driver_sql("CREATE TABLE here (number)")
        with sqlite3.connect(folder / "x.db") as database:
            assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("here",)]
        assert [path.name for path in Path(temporary).iterdir()] == [name]
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = address  # read back, it is the same file
        try:
            assert address_here().file == folder / "x.db"
        finally:
            del os.environ[VARIABLE]
            os.environ |= {} if before is None else {VARIABLE: before}


def test_a_path_that_is_not_utf_8_is_refused_in_one_line() -> None:
    with pytest.raises(HandloomError, match="not UTF-8"):
        sqlite_address(Path(os.fsdecode(b"/tmp/\xff/mlflow.db")))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://anna:s3cret@example.org:5000/runs", "http://example.org:5000/runs"),
        ("https://anna:s3cret@[::1]/", "https://[::1]/"),
        ("https://s3cret@example.org", "https://example.org"),
        ("https://example.org/?token=s3cret", "https://example.org/"),
        ("https://anna:a%2Fs3cret@example.org", "https://example.org"),
        ("http://anna:12/s3cret@example.org", "http://example.org"),
        ("http://anna:a?s3cret@example.org", "http://example.org"),
        ("http://anna:a#s3cret@example.org", "http://example.org"),
        ("http://anna:s3cret@", "http://"),
        ("http://anna:s3cret@[::1", "http://[::1"),
        ("anna:s3cret@example.org:5000", "example.org:5000"),
        ("postgresql://anna:s3cret@example.org/runs", "postgresql://example.org/runs"),
        ("mysql+pymysql://anna:s3cret@example.org/runs?ssl_key=s3cret", "mysql+pymysql://example.org/runs"),
        ("oracle://anna:s3cret@example.org/runs", "oracle://example.org/runs"),
    ],
)
def test_a_password_is_neither_shown_nor_left_in_what_a_library_says(
    address: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    found = address_here()
    assert found.shown == shown
    password = found.login[1] if found.login else "s3cret"
    for text in (address, f"no answer from {address!r}", f"FATAL: {password!r} is wrong"):
        if text is address or password in found.secrets:
            assert "s3cret" not in found.hide(text)
    assert found.hide("see https://me:other@elsewhere/") == "see https://elsewhere/"
    if found.login:
        assert "s3cret" not in found.uri


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("", True),
        ("sqlite:///mlflow.db", True),
        ("http://127.0.0.1:5000", True),
        ("http://anna:s3cret@localhost:5000", True),
        ("http://[::1]:5000", True),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost@example.org", False),
        ("https://example.org", False),
        ("http://192.168.1.7:5000", False),
        ("postgresql://127.0.0.1/runs", True),
        ("postgresql://example.org/runs", False),
        ("databricks", False),
    ],
)
def test_which_stores_are_on_this_computer(address: str, here: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, address)
    assert address_here().is_on_this_computer is here


@pytest.mark.parametrize(
    "address",
    [
        *("sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?cache=shared&uri=true", "sqlite://mlflow.db"),
        *("sqlite:///what?.db", "http://", "http://[::1", "sqlite:///file:x?mode=memory&uri=true"),
        *("postgresql://me@127.0.0.1:port/runs", "mysql+a+b://127.0.0.1/runs"),
    ],
)
def test_what_would_lose_the_runs_is_a_problem(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, address)
    assert address_here().problem


def test_the_repositorys_own_store_is_the_same_however_it_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    own = address_here().shown
    monkeypatch.setenv(VARIABLE, "sqlite:///mlflow.db")
    assert same_store(own, address_here().shown)
