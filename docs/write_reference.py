"""Write docs/reference.md from signatures and docstrings: `python docs/write_reference.py`.

Signatures stand as they are written in the source, so that the page is the same with every version of Python and of the
libraries. A test fails when the page is not what this writes.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import handloom

PAGE = Path(__file__).with_name("reference.md")
SOURCES = Path(handloom.__file__).parent

# Every name of `handloom.__all__` stands in one of these. A name with a module is imported from there.
GROUPS = {
    "Classifiers": ("HandPoseClassifier", "HandActionClassifier"),
    "Data": ("DataSource", "Groups"),
    "Parameters": (
        "ModelParameters",
        "ValidationData",
        "ImageAugmentationOptions",
        "VideoAugmentationOptions",
        "TrainingSessionParameters",
        "ModelMetadata",
    ),
    "Training": ("Job", "TrainingSession", "Progress", "Phase", "Checkpoint"),
    "Results": ("ClassifierMetrics", "Prediction", "Classification"),
    "Use": (
        "Predictor",
        "predict_photos",
        "predict_video",
        "predict_videos",
        "predict_stream",
    ),
    "Live use": (
        "Recognizer",
        "Event",
        "Exponential",
        "Mean",
    ),
    "Errors": (
        "HandloomError",
        "ConfigurationError",
        "IncompatibleParametersError",
        "DataError",
        "ModifiedTrainingDataError",
        "CancelledError",
    ),
}

TITLE = """# API reference

Written by `python docs/write_reference.py` from the docstrings; change those, not this page.

`import handloom` gives every name here; names with a module in front are imported from it. The
[tutorials](tutorials/) show them in use, and [create_ml.md](create_ml.md) says what each is called in Create ML.

Names in signatures:

- `Place`: a path, as text or `pathlib.Path`.
- `Frame`: a `pandas.DataFrame` or a `pyarrow.Table`.
- `Poses`: joints, float32 `[T, 3, 21]`: time; x, y, confidence; joint. x and y are fractions of the upright picture's
  width and height with the **origin at the lower left**. A frame without a hand is all zeros. A photo has T = 1.
- `Picture`: uint8 `[height, width, 3]`, RGB.
- `Kind`: `"pose"` or `"action"`.
- `MissingHand`: `"append_zeros"` or `"skip"`. `LeftHands`: `"as_they_are"` or `"mirrored"`.
- `Hands`: `"best"` or `"all"`.
- `Smoothing`: `Exponential`, `Mean` or None.
- `ExtractKeypoints`: the section `extract_keypoints` of `params.yaml`, `handloom.config.ExtractKeypoints`.
- `OnUnreadable`: a function of a path and a `DataError`.
- `Source`: a section `data.pose` or `data.action` of `params.yaml`. `TrainedModel`: what a `model.ckpt` holds.
- `Task`, `Result`: the classifier's class, and the classifier.
"""

SECTION = re.compile(r"(Args|Attributes|Returns|Raises):")
ENTRY = re.compile(r"(\*{0,2}\w+(?:, \w+)*): (.*)", re.DOTALL)


def page() -> str:
    """The whole page."""
    listed = {name for names in GROUPS.values() for name in names if "." not in name}
    assert listed == set(handloom.__all__), f"GROUPS and handloom.__all__ differ: {listed ^ set(handloom.__all__)}"
    blocks = [TITLE.strip()]
    written: set[type] = set()
    for group, names in GROUPS.items():
        blocks.append(f"## {group}")
        for name in names:
            thing = _found(name)
            for base in _shared_bases(thing):
                if base not in written:
                    written.add(base)
                    blocks += _described(base.__name__, base)
            blocks += _described(name, thing)
    return "\n\n".join(blocks) + "\n"


def _found(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module or "handloom"), attribute)


def _shared_bases(thing: Any) -> list[type]:
    """Classes of handloom that it inherits from and that are no public names themselves."""
    bases = inspect.getmro(thing)[1:] if inspect.isclass(thing) else ()
    public = {_found(name) for names in GROUPS.values() for name in names}
    return [base for base in bases if base.__module__.startswith("handloom.") and base not in public]


def _described(name: str, thing: Any) -> Iterator[str]:
    file = Path(inspect.getsourcefile(thing) or "").relative_to(SOURCES).as_posix()
    yield f"### {name.rpartition('.')[2]}"
    notes = [f"`from {name.rpartition('.')[0]} import {name.rpartition('.')[2]}`"] if "." in name else []
    if inspect.isclass(thing):
        bases = [base.__name__ for base in thing.__bases__ if base.__module__.startswith("handloom.")]
        notes += [f"a `{base}`" for base in bases]
    yield "; ".join([*notes, f"[{file}](../src/handloom/{file})"])
    if not inspect.isclass(thing):
        yield _code(f"{thing.__name__}{_signature(_tree(thing), thing)}")
        yield from _text(thing.__doc__)
        return
    yield from _class(thing)


def _class(thing: type) -> Iterator[str]:
    tree = _tree(thing)
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "__init__" in own:
        yield _code(f"{thing.__name__}{_signature(own['__init__'], thing.__init__, returns=False)}")
    elif not issubclass(thing, Enum) and (fields := list(_fields(thing, tree))):
        yield _code(f"{thing.__name__}{_in_lines(fields)}")
    doc = thing.__doc__ or ""
    for base in _shared_bases(thing):  # it stands with the base
        doc = doc.removesuffix(base.__doc__ or "")
    yield from _text(doc)
    values = [node for node in tree.body if isinstance(node, ast.Assign)]
    public = [(node.targets[0].id, node.value) for node in values if isinstance(node.targets[0], ast.Name)]
    if lines := [f"- `{_assigned(name, value)}`" for name, value in public if not name.startswith("_")]:
        yield "\n".join(["Values:" if issubclass(thing, Enum) else "On the class:", "", *lines])
    for name, node in own.items():
        if not name.startswith("_"):
            yield from _member(thing, node)


def _assigned(name: str, value: ast.expr) -> str:
    text = ast.unparse(value) if isinstance(value, ast.Constant) else _annotation(value)
    return name if text == name else f"{name} = {text}"


def _member(owner: type, node: ast.FunctionDef) -> Iterator[str]:
    kinds = {ast.unparse(decorator) for decorator in node.decorator_list}
    if kinds & {"property", "cached_property"}:
        yield f"#### {owner.__name__}.{node.name}"
        yield _code(f"{node.name}: {_annotation(node.returns)}")
    else:
        yield f"#### {owner.__name__}.{node.name}()"
        yield _code(
            ("@classmethod\n" if "classmethod" in kinds else "")
            + f"{node.name}{_signature(node, getattr(owner, node.name))}"
        )
    yield from _text(ast.get_docstring(node))


def _tree(thing: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


def _fields(thing: type, tree: ast.ClassDef) -> Iterator[str]:
    """The fields of a dataclass or a named tuple, with their remarks where the docstring does not explain them."""
    lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
    explained = "Attributes:" in (thing.__doc__ or "")
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            default = _default(node.value)
            remark = "" if explained else "".join(re.findall(r"  # .*$", lines[(node.end_lineno or 1) - 1]))
            yield f"{node.target.id}: {_annotation(node.annotation)}{default and f' = {default}'}{remark}"


def _default(value: ast.expr | None) -> str:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        made = [ast.unparse(keyword.value) for keyword in value.keywords if keyword.arg == "default_factory"]
        return {"dict": "{}", "list": "[]"}.get(made[0], f"{made[0]}()") if made else ""
    return ast.unparse(value) if value else ""


class _AsRead(ast.NodeTransformer):
    """Annotations as a person reads them: without quotes around types, without modules before them."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:  # the name is ast's
        return node if ast.unparse(node.value) == "Literal" else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self.visit(ast.parse(node.value, mode="eval").body) if isinstance(node.value, str) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name(node.attr)


def _annotation(node: ast.expr | None) -> str:
    return ast.unparse(_AsRead().visit(node)) if node else "None"


def _signature(node: ast.FunctionDef, function: Any, returns: bool = True) -> str:
    """The arguments as they are written, without `self`, constants by their values."""
    arguments = node.args
    defaults: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults)) + [*arguments.defaults]
    values = {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}
    pairs = [pair for pair in zip(arguments.args, defaults, strict=True) if pair[0].arg not in ("self", "cls")]
    parts = [_argument(*pair, values) for pair in pairs]
    if arguments.kwonlyargs:
        pairs = list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        parts += ["*", *(_argument(*pair, values) for pair in pairs)]
    if arguments.kwarg:
        parts.append(f"**{_argument(arguments.kwarg, None, values)}")
    return _in_lines(parts) + (f" -> {_annotation(node.returns)}" if returns else "")


def _argument(argument: ast.arg, default: ast.expr | None, values: dict[str, Any]) -> str:
    text = f"{argument.arg}: {_annotation(argument.annotation)}" if argument.annotation else argument.arg
    if default is None:
        return text
    value = values[argument.arg]
    plain = value is None or isinstance(value, str | int | float)
    return f"{text} = {repr(value) if plain else '...'}"


def _in_lines(parts: list[str]) -> str:
    """Arguments in brackets, each in a line of its own if they are many or have remarks."""
    line = f"({', '.join(parts)})"
    if len(line) < 70 and "#" not in line:
        return line
    broken = (part.replace("  # ", ",  # ", 1) if "  # " in part else f"{part}," for part in parts)
    return "\n".join(["(", *(f"    {part}" for part in broken), ")"])


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _text(docstring: str | None) -> Iterator[str]:
    """A docstring in Google's form as Markdown: paragraphs, and lists of what is in its sections."""
    for paragraph in re.split(r"\n\n+", inspect.cleandoc(docstring or "")):
        head, _, rest = paragraph.partition("\n")
        if not SECTION.fullmatch(head):
            if paragraph:
                yield _plain(paragraph)
            continue
        entries = re.split(r"\n(?! )", inspect.cleandoc(f"\n{rest}"))
        yield "\n".join([f"**{head.removesuffix(':')}**", "", *map(_entry, entries)])


def _entry(text: str) -> str:
    named = ENTRY.fullmatch(text)
    if named is None:
        return f"- {_plain(text)}"
    return f"- {', '.join(f'`{name}`' for name in named[1].split(', '))}: {_plain(named[2])}"


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
