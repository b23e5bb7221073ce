"""What all verbs share: help, exit statuses, pipes."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from handloom.cli import main
from handloom.cli.verb import INTERRUPTED, PIPE_CLOSED

VERBS = ("init", "train", "evaluate", "predict", "verify", "compare", "reproduce", "doctor")
HEAVY = {"av", "coremltools", "cv2", "hydra", "mediapipe", "mlflow", "numpy", "pandas", "pyarrow", "pydantic", "torch"}


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_and_the_exit_statuses(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Example: handloom {verb} " in text
    assert "Exit status: 0 done" in text


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom handloom.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: print('imported', sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(verb in done.stdout for verb in VERBS)
    imported = set(done.stdout.split("imported")[-1].replace("'", " ").replace(",", " ").split())
    assert not HEAVY & imported


@pytest.mark.parametrize(
    "given", [[], ["dance"], ["verify", "a.mlmodel", "b.mlmodel"], ["train", "pose", "x", "--fast"]]
)
def test_what_is_not_understood_has_status_two(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "handloom" in printed.err


def test_a_closed_pipe_is_quiet() -> None:
    code = "import sys; from handloom.cli import main; sys.exit(main(['doctor', '--json']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith('{"item": "Python"')
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == PIPE_CLOSED


def test_an_interruption_is_one_line() -> None:
    code = (
        "import signal, sys; from handloom.cli import main; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " sys.exit(main(['doctor']))"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:  # doctor waits for it as for an MLflow server
        store = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        command = [sys.executable, "-c", code]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env={**os.environ, **store}, **pipes) as process:
            silent.accept()
            process.send_signal(signal.SIGINT)
            _, told = process.communicate()
    assert (process.returncode, told) == (INTERRUPTED, "handloom doctor: interrupted\n")
