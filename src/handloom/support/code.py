"""The modules that a stage depends on, found by parsing their imports.

A version of code is a hash of those modules without comments, docstrings and blank lines, and of the data files next to
them. It is the same for Python 3.11 to 3.13, and takes a tenth of a second.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import handloom
from handloom.support.files import replacing, sha256_of_file
from handloom.support.fingerprint import fingerprint

# Modules and rooms that cannot change a result, only whether and how work runs; what they import does not count either.
NEUTRAL = {
    "handloom": "names what is loaded on use",
    "handloom.config": "the parameters are watched one by one",
    "handloom.errors": "the wording of errors",
    "handloom.stages": "where artefacts lie and in which order stages run; of `run` the functions named count",
    "handloom.support": "how files are written and work is shared out",
    "handloom.tracking": "what is recorded of results",
    "handloom.training.tracker": "what is recorded of a training",
}
PACKAGE = Path(handloom.__file__).resolve().parent
_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*', re.DOTALL
)
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
_HAS_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def code_version(*entries: str) -> str:
    """A hash of the code that modules run, and functions of modules.

    Args:
        entries: names of modules (``handloom.training.train``), or of one function in a module
            (``handloom.stages.run:train``), of which nothing else counts then.
    """
    functions = {entry: plain(_function(entry)[0]) for entry in entries if ":" in entry}
    sources = {module: _source(module) for module in modules_of(*entries)}
    content = [*functions.items(), *((module, source.plain) for module, source in sources.items())]
    return fingerprint([sorted(content), _data_files({source.file.parent for source in sources.values()})])


def modules_of(*entries: str) -> list[str]:
    """The modules that decide what entries (see `code_version`) come to; not those whose functions are entries."""
    found: set[str] = set()
    waiting = [name for entry in entries for name in (_function(entry)[1] if ":" in entry else [entry])]
    while waiting:
        module = waiting.pop()
        if module not in found and not _is_neutral(module):
            found.add(module)
            waiting += _source(module).imports
    return sorted(found)


def entries_of(script: Path) -> list[str]:
    """The entries (see `code_version`) of a script: what it imports of this package."""
    found: list[str] = []
    for node in _statements(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "handloom.stages.run":
            found += [f"{node.module}:{alias.name}" for alias in node.names]
        else:
            found += [module for module in _imported(node) if not _is_neutral(module)]
    return sorted(set(found))


def write_code_versions(scripts: Path, file: Path) -> None:
    """Write a hash of each script in a folder, and of the code of this package that it runs, under the script's name.

    DVC watches them in place of the code: a stage runs again when its own code changed, and not after a comment.
    """
    versions = {
        script.stem: fingerprint([plain(script.read_text(encoding="utf-8")), code_version(*entries_of(script))])
        for script in sorted(scripts.glob("*.py"))
        if script.stem != file.stem
    }
    with replacing(file) as part:
        part.write_text("".join(f"{name}: {version}\n" for name, version in versions.items()), encoding="utf-8")


def plain(text: str, tree: ast.Module | None = None) -> str:
    """Source text without comments, docstrings and blank lines; what stands in other strings stays.

    Args:
        text: of a module or a part of it.
        tree: of the text, where it is there already.
    """
    lines = text.split("\n")
    tree = tree or ast.parse(text)
    for node in (tree, *_statements(tree)):
        if not isinstance(node, _HAS_DOCSTRING) or ast.get_docstring(node, clean=False) is None:
            continue
        first = node.body[0]
        if not lines[first.lineno - 1][: first.col_offset].strip():  # not on the line of its `def`
            last = first.end_lineno or first.lineno
            lines[first.lineno - 1 : last] = [""] * (last - first.lineno + 1)

    def kept(match: re.Match[str]) -> str:
        return "" if match[0].startswith("#") else match[0].replace("\n", "\0")  # its blank lines are no blank lines

    stripped = (line.rstrip() for line in _STRING_OR_COMMENT.sub(kept, "\n".join(lines)).split("\n"))
    return "\n".join(line for line in stripped if line)


@dataclass
class _Source:
    file: Path
    text: str
    tree: ast.Module
    imports: tuple[str, ...]

    @cached_property
    def plain(self) -> str:
        return plain(self.text, self.tree)


@cache
def _source(module: str) -> _Source:
    file = _file(module)
    if file is None:
        raise FileNotFoundError(module)  # a name that is gone would make a version blind
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    return _Source(file, text, tree, tuple(name for node in _statements(tree) for name in _imported(node)))


@cache
def _file(module: str) -> Path | None:
    base = PACKAGE.joinpath(*module.split(".")[1:])
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)


def _is_neutral(module: str) -> bool:
    return module == "handloom" or any(f"{module}.".startswith(f"{room}.") for room in NEUTRAL if room != "handloom")


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements within a node, also those in functions, without those for type checkers alone."""
    for name in _BODIES:
        for inner in getattr(node, name, ()):
            if isinstance(inner, ast.If) and "TYPE_CHECKING" in ast.unparse(inner.test):
                continue
            if isinstance(inner, ast.stmt):
                yield inner
            yield from _statements(inner)


def _imported(node: ast.stmt) -> Iterator[str]:
    """The modules of this package that a statement imports, each after the rooms that it lies in."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    for name in names:
        parts = name.split(".")
        if parts[0] == "handloom" and _file(name):
            yield from (".".join(parts[: end + 1]) for end in range(1, len(parts)))


@cache
def _function(entry: str) -> tuple[str, list[str]]:
    """A function's text, with that of the functions and values of its module which it uses; what these import."""
    module, _, name = entry.partition(":")
    source = _source(module)
    homes = {defined: node for node in source.tree.body for defined in _defined(node)}
    waiting, used = [name], dict[ast.stmt, None]()
    while waiting:
        node = homes.get(waiting.pop())
        if node is not None and node not in used:
            used[node] = None
            waiting += [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
    if homes.get(name) is None:
        raise FileNotFoundError(entry)
    nodes = sorted(used, key=lambda node: node.lineno)
    own = [node for node in nodes if not isinstance(node, ast.Import | ast.ImportFrom)]
    inner = [one for node in nodes for one in (node, *_statements(node))]
    text = "\n".join(ast.get_source_segment(source.text, node) or "" for node in own)
    return text, [imported for node in inner for imported in _imported(node)]


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]


def _data_files(folders: set[Path]) -> list[tuple[str, str]]:
    """The files in folders of modules that are no modules, also in their folders without any; with their sha256."""
    found: list[Path] = []
    waiting = list(folders)
    while waiting:
        for path in waiting.pop().iterdir():
            if path.is_file() and path.suffix not in (".py", ".pyc", ".typed"):
                found.append(path)
            elif path.is_dir() and path.name != "__pycache__" and not any(path.glob("*.py")):
                waiting.append(path)
    return [(path.relative_to(PACKAGE).as_posix(), sha256_of_file(path)) for path in sorted(found)]
