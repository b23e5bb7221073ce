"""requirements.lock: the tested versions, each with hashes, and no address of any server."""

import re

from conftest import REPOSITORY

LOCK = REPOSITORY / "requirements.lock"


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_has_the_tested_versions_with_hashes_and_no_address() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert len(text) < 1_000_000 and "://" not in text and "file:" not in text
    entry = r"^([\w.-]+)==(\S+)[^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n)+"
    packages = re.findall(entry, text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^\w", text, re.MULTILINE)) > 200
    locked = {plain(name): version for name, version in packages}
    constraints = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8")
    tested = {plain(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)$", constraints, re.MULTILINE)}
    assert {name: version for name, version in locked.items() if tested.get(name, version) != version} == {}
    assert locked.keys() >= {"torch", "dvc", "hydra-core", "pytorch-lightning", "mediapipe", "coremltools", "mlflow"}
