"""What all verbs share: help, exit statuses, pipes."""

import io
import json
import os
import re
import runpy
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from warm_start import COLD

import handloom
from handloom.cli import commands, main
from handloom.support.console import DONE, EXIT_STATUSES, INTERRUPTED, MISUSED, PIPE_CLOSED

VERBS = [verb for verbs in commands.VERBS.values() for verb in verbs]
HEAVY = {"av", "coremltools", "cv2", "hydra", "mediapipe", "mlflow", "numpy", "pandas", "pyarrow", "pydantic", "torch"}


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main([*words, "--help"]) == DONE
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


@pytest.mark.parametrize("words", [[], *([verb] for verb in VERBS)], ids=" ".join)
def test_help_fits_a_screen_and_has_examples_that_can_be_pasted(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = help_of(words, capsys)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("\n") <= 40
    examples = re.search(r"\nExamples:\n((?:  .+\n)+)", text)
    assert examples
    commands_shown = [
        shlex.split(part, comments=True)
        for line in examples[1].replace("\\\n", "").splitlines()
        for part in re.split(r" [|>] .*|&&", line)
    ]
    typed = [found for found in commands_shown if found[:1] == ["handloom"]]
    assert typed
    for found in typed:
        assert not words or found[1] == words[0] or len(typed) > 1
        parsed(found[1:])


def parsed(words: list[str]) -> None:
    """Take the words apart as the command line does, and run nothing."""
    found = commands.command_line.get_command(click.Context(commands.command_line), words[0])
    assert found, words
    found.make_context(words[0], words[1:])


def test_the_exit_statuses_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(help_of([], capsys).split())
    for status, meaning in EXIT_STATUSES.items():
        assert f" {status} {meaning}" in text
    assert not [verb for verb in VERBS if "status" in help_of([verb], capsys).lower()]


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_verbs_has_a_line_each(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    summary = re.sub(r"\.\n.*", "", help_of([verb], capsys).split("\n\n")[1].strip(), flags=re.DOTALL)
    assert re.search(rf"^  {verb} +{re.escape(summary.rstrip('.'))}$", help_of([], capsys), re.MULTILINE)


def test_help_and_what_is_refused_import_nothing_heavy() -> None:
    wrong = [
        ["train", "pose", "gone", "--out", "x"],
        ["train", "pose", ".", "--out", sys.executable],
        ["evaluate", "gone.ckpt", "."],
        ["evaluate", ".", "gone"],
        ["predict", "gone.jpg", "--model", "."],
        ["predict", ".", "--model", "gone.ckpt"],
        ["verify", "gone.mlmodel"],
        ["verify", ".", "--checkpoint", ".", "--table", "gone", "--split", "gone"],
        ["draw", "gone"],
        ["draw", ".", "--out", "x.jpg"],
        ["params"],
        ["search", "pose"],
        ["cross-validate", "pose"],
    ]
    code = (
        "import json, sys\nfrom handloom.cli import main\n"
        "main(['--help'])\n"
        "status = [main(given) for given in json.loads(sys.argv[1])]\n"
        "print(json.dumps([status, sorted(sys.modules)]))"
    )
    command = [sys.executable, "-c", code, json.dumps(wrong)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", env={**os.environ, COLD: "1"})
    text, _, last = done.stdout.rstrip().rpartition("\n")
    assert all(verb in text for verb in VERBS)
    status, imported = json.loads(last)
    assert status == [1] * len(wrong)
    assert not HEAVY & set(imported)
    lines = done.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"handloom {given[0]}" for given in wrong]


def test_a_verb_pays_for_no_other_verb() -> None:
    code = "import sys; from handloom.cli import main; main(['compare', '--help']); print(*sys.modules)"
    cold = {**os.environ, COLD: "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=cold)
    imported = set(done.stdout.splitlines()[-1].split())
    assert "handloom.cli.runs" in imported
    assert not {f"handloom.cli.{module}" for module in ("doctor", "predict", "project", "store", "train")} & imported


def test_it_says_its_version_as_a_module_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["handloom", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("handloom", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"handloom {handloom.__version__}\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "handloom: missing command; handloom --help shows what can be typed"),
        (["dance"], "handloom: no such command 'dance'; handloom --help shows what can be typed"),
        (
            ["evalute", "x"],
            "handloom: no such command 'evalute', did you mean evaluate? handloom --help shows what can be typed",
        ),
        (
            ["train", "pose", "x", "--outt", "y"],
            "handloom train: no such option '--outt', did you mean --out?"
            " handloom train --help shows what can be typed",
        ),
        (
            ["ui", "--port", "x"],
            "handloom ui: invalid value for '--port': 'x' is not a valid integer; handloom ui --help shows what can be"
            " typed",
        ),
        (
            ["draw", "a", "--per-class", "x"],
            "handloom draw: invalid value for '--per-class': 'x' is not a valid integer; handloom draw --help shows"
            " what can be typed",
        ),
        (
            ["verify", "a.mlmodel", "b.mlmodel"],
            "handloom verify: got unexpected extra argument (b.mlmodel);"
            " handloom verify --help shows what can be typed",
        ),
        (
            ["train", "hand", "x", "--out", "y"],
            "handloom train: invalid value for 'KIND': 'hand' is not one of 'pose', 'action';"
            " handloom train --help shows what can be typed",
        ),
        (
            ["compare", "a\x1b[31m"],
            "handloom compare: missing argument 'B'; handloom compare --help shows what can be typed",
        ),
        (
            ["predict", "x.jpg", "--json", "--csv"],
            "handloom predict: --json and --csv exclude each other; handloom predict --help shows what can be typed",
        ),
        (
            ["ui", "--port", "0"],
            "handloom ui: invalid value for '--port': 0 is not in the range 1<=x<=65535;"
            " handloom ui --help shows what can be typed",
        ),
    ],
)
def test_what_is_not_understood_is_one_line_with_a_suggestion(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(given) == MISUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"{said}\n"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("'x' is not a valid float range.", "handloom: 'x' is not a valid float;"),
        ("The seconds are out of range.", "handloom: the seconds are out of range;"),
    ],
)
def test_only_the_names_of_bounded_numbers_are_shortened(message: str, said: str) -> None:
    assert commands._in_one_line(click.UsageError(message)).startswith(said)


def test_a_closed_pipe_is_quiet() -> None:
    code = "import sys; from handloom.cli import main; sys.exit(main(['doctor', '--json']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith('{"item": "Python"')
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == PIPE_CLOSED


@pytest.mark.parametrize("given", [["--help"], ["--version"], ["train", "--help"], ["send"]])
def test_a_pipe_that_is_closed_from_the_start_is_quiet(given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    told = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", os.fdopen(write, "w"))
        patch.setattr(sys, "stderr", told)
        assert main(given) == PIPE_CLOSED
        sys.stdout.close()
    assert told.getvalue() == ""


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    with monkeypatch.context() as patch, Path("/dev/full").open("w") as full:
        patch.setattr(sys, "stdout", full)
        patch.setattr(sys, "stderr", told)
        assert main(["send"]) == 1
    way_out = "free disk space there, or choose another place"
    assert told.getvalue() == f"handloom send: No space left on device; {way_out}\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", r"gr\xfcn \u4e94"), ("cp1252", r"grün \u4e94"), ("utf-8", "grün 五")],
)
def test_a_message_is_printed_whatever_the_encoding_and_steers_no_terminal(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", io.TextIOWrapper(told, encoding, errors="strict"))
        assert main(["draw", "grün 五\x1b[31m\u202e\udcff"]) == 1
        sys.stderr.flush()
        text = told.getvalue().decode(encoding)
    assert text.startswith(rf"handloom draw: {shown}\x1b[31m\u202e\udcff: no such file")


def test_an_interruption_is_one_line() -> None:
    code = (
        "import signal, sys; from handloom.cli import main; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " sys.exit(main(['doctor']))"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:  # doctor waits for it as for an MLflow server
        store = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        command = [sys.executable, "-c", code]
        out = subprocess.PIPE
        with subprocess.Popen(command, env={**os.environ, **store}, stdout=out, stderr=out, text=True) as process:
            silent.accept()
            process.send_signal(signal.SIGINT)
            _, told = process.communicate()
    assert (process.returncode, told) == (INTERRUPTED, "handloom doctor: interrupted\n")
