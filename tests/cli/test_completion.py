"""What Tab completes: in a bash, and what zsh and fish are told."""

import subprocess

import pytest

from handloom.cli import main

TRY = """
eval "$(handloom completion bash)"
complete -p handloom
try() {
    COMPREPLY=(); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _handloom_completion_of_parameters handloom 2>/dev/null; echo "${COMPREPLY[*]}"
}
try handloom tra
try handloom predict x.jpg --ha
try handloom train pose data train_pose.optimizer.sch
try handloom train pose data train_pose.optimizer.schedule = co
"""

STOPPING = ("patience", "minimum_change", "monitor")


def test_bash_completes_verbs_options_and_parameters() -> None:
    done = subprocess.run(["bash", "-c", TRY], capture_output=True, text=True, check=True)
    bound, *completed = done.stdout.splitlines()
    assert bound == "complete -o nosort -F _handloom_completion_of_parameters handloom"
    assert completed == ["train", "--hands", "train_pose.optimizer.schedule=", "cosine constant"]


@pytest.mark.parametrize(
    ("words", "word", "completed"),
    [
        ("", "predic", ["predict"]),
        ("draw", "--s", ["--seed", "--schema"]),
        ("train", "", ["pose", "action"]),
        ("train pose data --out x", "split.validation.strategy=a", ["split.validation.strategy=automatic"]),
        ("search action", "train_action.early", [f"train_action.early_stopping.{name}=" for name in STOPPING]),
        ("search action", "train_pose", []),
        ("evaluate model.ckpt data", "data/pose=labeled_f", ["data/pose=labeled_files"]),
        ("cross-validate pose", "train_pose=described", ["train_pose=described_and_own"]),
    ],
)
def test_zsh_and_fish_are_told_the_same(
    words: str,
    word: str,
    completed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COMP_WORDS", f"handloom {words} {word}")
    monkeypatch.setenv("COMP_CWORD", word)
    monkeypatch.setenv("_HANDLOOM_COMPLETE", "fish_complete")
    assert main([]) == 0
    told = [line.split(",")[1].split("\t")[0] for line in capsys.readouterr().out.splitlines() if line]
    assert told == completed
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) + 1))
    monkeypatch.setenv("_HANDLOOM_COMPLETE", "zsh_complete")
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines()[1::3] == completed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_of_another_shell_asks_handloom(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert f"_HANDLOOM_COMPLETE={shell}_complete" in capsys.readouterr().out
