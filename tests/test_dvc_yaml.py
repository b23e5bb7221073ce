"""Every stage watches the code that it runs: a change of it must not go unnoticed."""

from typing import Any

import pytest
import yaml
from conftest import REPOSITORY

STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
SAMPLE = yaml.safe_load((REPOSITORY / "data/sample/dvc.yaml").read_text())["stages"]
FIRST = "code_versions"


@pytest.mark.parametrize(("name", "stage"), [*STAGES.items(), *SAMPLE.items()])
def test_a_stage_watches_the_code_of_its_script(name: str, stage: dict[str, Any]) -> None:
    stage = stage.get("do", stage)
    script = REPOSITORY / stage["cmd"].split()[1]
    assert script.is_file()
    assert name == FIRST or {f"{FIRST}.yaml": [script.stem]} in stage["params"]
    assert not any("src/" in path or "pipeline/" in path for path in stage.get("deps", []))


def test_an_evaluation_watches_the_stream_settings_that_are_exported() -> None:
    assert "export_coreml.streams.${key}" in STAGES["evaluate"]["do"]["params"]


def test_the_stages_have_their_names() -> None:
    raw_data = {name for name in STAGES if name.startswith("raw_data_")}
    first = {FIRST, "extract_keypoints", "split", "extract_streams"}
    assert set(STAGES) - raw_data == first | {"train_pose", "train_action", "evaluate", "export_coreml"}
