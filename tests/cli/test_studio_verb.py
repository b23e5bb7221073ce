"""`handloom studio` before it serves: what cannot be served is one line."""

import socket
import stat
import sys
from pathlib import Path

import pytest

from handloom.cli import main


def test_what_cannot_be_served_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file.txt").touch()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        for words, said in (
            (["new", "--port", port], f"--port {port}: cannot be used"),  # after the project was made
            (["new", "--kind", "pose"], "--kind: for a new project"),
            (["other"], "dvc.yaml: no such file"),
            (["other/file.txt"], "not a folder"),
        ):
            place, *options = words
            assert main(["studio", str(tmp_path / place), *options, "--no-browser"]) == 1
            printed = capsys.readouterr()
            assert printed.err.startswith("handloom studio: ") and said in printed.err, printed.err
            assert printed.err.count("\n") == 1 and printed.out == ""
    assert (tmp_path / "new/dvc.yaml").is_file() and not (tmp_path / "other/dvc.yaml").exists()


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "handloom.studio.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["studio", str(tmp_path / "new")]) == 1
    assert capsys.readouterr().err == "handloom studio: the page needs uvicorn: pip install 'handloom[studio]'\n"
    assert not (tmp_path / "new").exists()


def test_the_browser_is_opened_without_the_token_on_its_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    page = tmp_path / "new/open_studio.html"

    def serve(project: object, listening: socket.socket, token: str) -> None:
        listening.close()
        address = capsys.readouterr().out.split("open ")[1].split()[0]
        assert token in address and f'url={address}"' in page.read_text()
        assert opened == [page.as_uri()] and stat.S_IMODE(page.stat().st_mode) == 0o600

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("handloom.studio.server.serve", serve)
    assert main(["studio", str(tmp_path / "new"), "--port", "0", "--kind", "pose"]) == 0
    assert opened and not page.exists()
