"""Every stage depends on the code that it runs: a change of it must not go unnoticed."""

import ast
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY

SOURCE = REPOSITORY / "src"
PACKAGE = SOURCE / "handloom/__init__.py"
# Beside the rooms: what they do cannot change a stage's results, only whether and how it runs.
NEUTRAL = {"config", "errors", "search", "stages", "support", "tracking"}
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]
SAMPLE = yaml.safe_load((REPOSITORY / "data/sample/dvc.yaml").read_text())["stages"]


RUN = SOURCE / "handloom/stages/run.py"  # a function a stage, which imports what it needs


def of_stage(script: Path) -> set[Path]:
    """The files of the package that a stage's script imports, directly or by its function in `RUN`."""
    names = {
        alias.name
        for node in ast.walk(ast.parse(script.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "handloom.stages.run"
        for alias in node.names
    }
    seen = {RUN}
    for node in ast.parse(RUN.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            imported_in(node, seen)
    return imported(script, seen)


def imported(path: Path, seen: set[Path]) -> set[Path]:
    """The files of the package that `path` imports, at the top or inside functions, and those that they import."""
    return imported_in(ast.parse(path.read_text()), seen)


def imported_in(tree: ast.AST, seen: set[Path]) -> set[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handloom"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                base = SOURCE / str(name).replace(".", "/")
                for file in (base.with_suffix(".py"), base / "__init__.py"):
                    if file.is_file() and file not in seen:
                        seen.add(file)
                        # `stages/` names what every stage writes, the package's own file what is loaded on use.
                        if file != PACKAGE and file.parent != RUN.parent:
                            imported(file, seen)
    return seen


@pytest.mark.parametrize(("name", "stage"), [*STAGES.items(), *SAMPLE.items()])
def test_a_stage_depends_on_all_the_code_it_imports(name: str, stage: dict) -> None:
    stage = stage.get("do", stage)
    script = stage["cmd"].split()[1]
    assert script in stage["deps"]
    for file in of_stage(REPOSITORY / script):
        module = file.relative_to(SOURCE)
        if (module.name == "__init__.py" and len(module.parts) == 2) or module.parts[1].removesuffix(".py") in NEUTRAL:
            continue
        covered = [f"src/{'/'.join(module.parts[: depth + 1])}" for depth in range(1, len(module.parts))]
        assert set(covered) & set(stage["deps"]), f"{name} does not depend on {module}"


def test_the_six_stages_have_their_names() -> None:
    assert set(STAGES) - {"raw_data_pose", "raw_data_action"} == {
        "extract_keypoints",
        "split",
        "train_pose",
        "train_action",
        "evaluate",
        "export_coreml",
    }
