"""Read untrusted YAML within bounds; each error is one line.

Hydra and OmegaConf read `params.yaml` and `conf/` with a loader of their own, so `read_yaml` reads a file first.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from handloom.errors import ConfigurationError, HandloomError, first_line, printable

# Far above what parameters and descriptions need, far below what exhausts memory, time or Python's stack.
MOST_BYTES = 2_000_000
MOST_DEPTH = 50  # mappings and lists inside each other
MOST_VALUES = 50_000  # each alias counted as all that it stands for
MOST_DIGITS = 100  # of a whole number


if TYPE_CHECKING:
    _PlainLoader = yaml.SafeLoader
else:  # libyaml's parser, where PyYAML was built with it, takes a tenth of the time
    _PlainLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_PlainLoader):
    """YAML's plain types without its dates: `2024-02-30` is a text, as OmegaConf and JSON have it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping; YAML itself would let the last of two equal keys win."""
        known = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in known:
                    raise _problem(f"the key {_short(key.value)} appears twice; keep one", key)
                known.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number of a length that can be computed with."""
        if len(node.value) > MOST_DIGITS:
            raise _problem(f"a number of {len(node.value)} digits; at most {MOST_DIGITS}", node)
        return super().construct_yaml_int(node)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _PlainLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _problem(text: str, where: yaml.Node | yaml.Event) -> yaml.MarkedYAMLError:
    mark: Any = where.start_mark
    return yaml.MarkedYAMLError(problem=text, problem_mark=mark)


def read_yaml(path: Path, error: type[HandloomError] = ConfigurationError) -> Any:
    """Read a file.

    Args:
        path: the file; has to be there.
        error: what to raise.

    Raises:
        HandloomError: it is no file, not YAML in UTF-8, or beyond the bounds; one line that begins with its path.
    """
    name = printable(str(path))
    return parse_yaml(_text(path, name, error), name, error)


def parse_yaml(text: str, name: str, error: type[HandloomError] = ConfigurationError) -> Any:
    """Parse a text; errors begin with `name`.

    Raises:
        HandloomError: see `read_yaml`.
    """
    try:
        _check_bounds(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader
    except yaml.MarkedYAMLError as problem:
        raise error(f"{name}: {_described(problem)}") from None
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, LookupError, RecursionError) as problem:
        raise error(f"{name}: not YAML that can be read: {first_line(problem)}") from None


def _text(path: Path, name: str, error: type[HandloomError]) -> str:
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            raise error(f"{name}: {'not a file' if path.exists() else 'no such file'}")
        if path.stat().st_size > MOST_BYTES:
            raise error(f"{name}: larger than {MOST_BYTES // 1_000_000} MB; parameters and descriptions are small")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise error(f"{name}: not YAML in UTF-8; save it as UTF-8") from None
    except OSError as problem:
        raise error(f"{name}: cannot be read ({problem.strerror or problem})") from None


def _described(problem: yaml.MarkedYAMLError) -> str:
    mark = problem.problem_mark or problem.context_mark
    line = f" in line {mark.line + 1}" if mark else ""
    return f"not YAML that can be read{line}: {problem.problem or problem.context}"


def _check_bounds(text: str) -> None:
    """Look at the events of the parser, which hold nothing in memory and call nothing inside itself.

    Raises:
        MarkedYAMLError: too deep, too many values once aliases stand for what they name, or a tag such as `!!binary`.
    """
    sizes: dict[str | None, int] = {}  # of what an anchor names, in values
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and how many values there were before it
    count = 0
    for event in yaml.parse(text, Loader=_PlainLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            sizes[anchor] = count - before
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in open_nodes):
                raise _problem(f"*{event.anchor} contains itself", event)
            count += sizes.get(event.anchor, 1)
        tag = event.tag if isinstance(event, yaml.CollectionStartEvent | yaml.ScalarEvent) else None
        if tag not in (None, "!"):
            raise _problem(f"the tag {_short(str(tag))}; leave it out", event)
        if len(open_nodes) > MOST_DEPTH:
            raise _problem(f"nested more than {MOST_DEPTH} levels deep", event)
        if count > MOST_VALUES:
            raise _problem(f"more than {MOST_VALUES} values, aliases included", event)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
