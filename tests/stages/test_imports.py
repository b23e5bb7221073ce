"""A stage starts without the libraries of other stages, by the imports at the heads of what it imports."""

import ast
from collections.abc import Iterator

import pytest
from check_structure import SOURCE


def at_the_head(node: ast.AST) -> Iterator[str]:
    """The dotted names that are imported when a module is: not within functions, not for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from (name for one in child.orelse for name in at_the_head(one))
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from at_the_head(child)


def imported_with(names: set[str]) -> set[str]:
    """The libraries that are imported with these modules of the package."""
    seen: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        parts = name.split(".")
        seen.add(name)
        for length in range(1, len(parts) + 1):
            base = SOURCE.joinpath(*parts[:length])
            for file in (base.with_suffix(".py"), base / "__init__.py"):
                if parts[0] == "handloom" and file.is_file():
                    waiting |= set(at_the_head(ast.parse(file.read_text(encoding="utf-8")))) - seen
    return {name.partition(".")[0] for name in seen}


def started_by(stage: str) -> set[str]:
    """The modules that a script of `pipeline/` and its stage import."""
    tree = ast.parse((SOURCE / "handloom/stages/run.py").read_text(encoding="utf-8"))
    (function,) = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == stage]
    return {"handloom.stages.run", "handloom.stages.script", *at_the_head(function)}


@pytest.mark.parametrize(
    ("stage", "used", "unused"),
    [
        ("extract_keypoints", "numpy", "torch pytorch_lightning mlflow coremltools sklearn"),
        ("split", "pyarrow", "torch pytorch_lightning mlflow coremltools mediapipe cv2 av"),
        ("evaluate", "torch", "pytorch_lightning coremltools mediapipe cv2 av"),
        ("export_coreml", "torch", "pytorch_lightning mediapipe av"),
    ],
)
def test_a_stage_does_not_import_what_it_does_not_use(stage: str, used: str, unused: str) -> None:
    imported = imported_with(started_by(stage))
    assert used in imported
    assert imported & set(unused.split()) == set()
