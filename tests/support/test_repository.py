"""What git says of the working folder."""

import subprocess
from pathlib import Path

import pytest

from handloom.support.repository import current_commit

AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@example.org")


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def test_changed_files_are_named_from_the_project_and_the_lock_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert current_commit() is None
    git("init", "--quiet")
    assert current_commit() is None
    project = tmp_path / "a project"
    project.mkdir()
    for name in ("params.yaml", "dvc.lock", "gone.py", "same.py"):
        (project / name).write_text(name)
    (tmp_path / "elsewhere.txt").write_text("")
    git("add", "--all")
    git(*AUTHOR, "commit", "--quiet", "-m", "start")
    monkeypatch.chdir(project)
    commit = current_commit()
    assert commit and (commit.sha, commit.changed) == (git("rev-parse", "HEAD"), False)

    for path in (project / "params.yaml", project / "dvc.lock", project / "neu é.py", tmp_path / "elsewhere.txt"):
        path.write_text("changed")
    git("mv", "gone.py", "new.py")
    commit = current_commit()
    assert commit and commit.changed
    assert sorted(commit.changes) == ["gone.py", "neu é.py", "new.py", "params.yaml"]
