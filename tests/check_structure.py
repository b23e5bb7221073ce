"""Part of `make lint`: modules import each other in no circle, rooms only from rooms below, functions are short.

Imports within functions count; those for type checkers alone do not.
"""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
LONGEST = 60  # lines of a function; a longer one says why in a comment `# long: …` on the line of its `def`
# Each line imports from the lines above it; the rooms of a line may import from each other.
ROOMS = """
__init__ errors hand keypoint_table support
config
media
landmarks pictures
described sample
sources
extraction
dataset
check
models
tracking
training
evaluation
export
prediction
report
stages
cross_validation search runs studio
data_source api cli project stage multirun compose
__main__
"""
# What is not yet as it should be; nothing may be added.
STILL_THERE: set[str] = set()


def imported(node: ast.AST, names: dict[str, ast.Module]) -> Iterator[str]:
    """The modules among `names` that are imported within a node, at its head or in a function."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in names)
    elif isinstance(node, ast.ImportFrom) and node.module in names:
        inner = {f"{node.module}.{alias.name}" for alias in node.names}
        yield from inner & names.keys() or {node.module}
    for child in ast.iter_child_nodes(node):
        yield from imported(child, names)


def level(module: str) -> int:
    """How high the room of a module is."""
    room = f"{module}.__init__".split(".")[1]
    found = [number for number, line in enumerate(ROOMS.splitlines()) if room in line.split()]
    return found[0] if found else sys.exit(f"tests/check_structure.py: ROOMS has no place for {room}")


def too_long(file: Path, name: str, tree: ast.Module) -> Iterator[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno
        if length >= LONGEST and "# long: " not in lines[node.lineno - 1]:
            yield f"{name}.{node.name}: too long"


def problems() -> Iterator[str]:
    files = {}
    for file in (SOURCE / "handloom").rglob("*.py"):  # a package's own module has the package's name
        files[".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")] = file
    trees = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in files.items()}
    graph = {name: set(imported(tree, trees)) - {name} for name, tree in trees.items()}
    for name, others in graph.items():
        yield from too_long(files[name], name, trees[name])
        yield from (f"{name} -> {other}: an import from above" for other in others if level(other) > level(name))
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"{' -> '.join(reversed(error.args[1]))}: a circle"


if __name__ == "__main__":
    found = set(problems())
    gone = {f"{one}: gone, remove it from STILL_THERE" for one in STILL_THERE - found}
    sys.exit("\n".join(sorted(found - STILL_THERE | gone)) or 0)
