"""Missing system libraries are named together with what brings them, before anything else is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from handloom.errors import HandloomError
from handloom.support import system_libraries
from handloom.support.system_libraries import LINUX_LIBRARIES, missing_system_libraries, require_system_libraries

SOURCE = Path(__file__).parents[2] / "src"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="macOS brings its own libraries")


@pytest.fixture
def one_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LINUX_LIBRARIES, "libdoesnotexist.so.9", "nothing")


@linux_only
def test_a_missing_library_is_named_with_its_package(one_missing: None) -> None:
    assert missing_system_libraries() == {"libdoesnotexist.so.9": "nothing"}
    with pytest.raises(HandloomError) as caught:
        require_system_libraries()
    text = str(caught.value)
    assert "\n" not in text
    assert "libdoesnotexist.so.9" in text
    assert text.endswith("apt-get install nothing")


@linux_only
def test_what_mediapipe_alone_loads_is_not_missed_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LINUX_LIBRARIES, "libdoesnotexist.so.9", "nothing")
    monkeypatch.setattr(system_libraries, "ONLY_MEDIAPIPE", ("libdoesnotexist.so.9",))
    require_system_libraries(mediapipe=False)
    with pytest.raises(HandloomError, match=r"libdoesnotexist\.so\.9"):
        require_system_libraries(mediapipe=True)


@linux_only
def test_the_command_reports_it_with_status_one(
    one_missing: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["system_libraries"])
    assert system_libraries.main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("handloom: missing system libraries: libdoesnotexist.so.9")
    assert err.count("\n") == 1


@linux_only
def test_packages_are_listed_for_scripts(
    one_missing: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["system_libraries", "--packages"])
    assert system_libraries.main() == 0
    assert capsys.readouterr() == ("nothing\n", "")


def test_another_system_misses_nothing(one_missing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    require_system_libraries()


def test_the_check_needs_the_standard_library_only() -> None:
    """It is run before the virtual environment is made."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base_python = Path(sys.base_prefix) / "bin" / name
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    result = subprocess.run(
        [str(base_python), "-S", "-m", "handloom.support.system_libraries"],
        env={**environment, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
