"""Interpolations in a file of parameters that somebody may have sent."""

from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf.errors import GrammarParseError
from omegaconf.grammar.gen.OmegaConfGrammarParser import OmegaConfGrammarParser
from omegaconf.grammar_parser import parse

from handloom.errors import ConfigurationError


def refuse_resolvers(content: Any, file: str) -> None:
    """Refuse values such as `${oc.env:HOME}`: what they read would be logged with the parameters.

    `${split.seed}`, the value of another parameter, is allowed.

    Args:
        content: of the file, as YAML gives it.
        file: its name.

    Raises:
        ConfigurationError: a value calls a resolver; the line names its key.
    """
    for key, text in _texts(content, ""):
        if "${" not in text:
            continue
        try:
            called = _resolver_in(text)
        except (GrammarParseError, RecursionError):
            raise ConfigurationError(f"{file}: {key}: ${{ that is not closed, or not understood") from None
        if called:
            raise ConfigurationError(
                f"{file}: {key}: ${{{called}:...}} is not read here, because the file may be somebody else's; write the"
                " value, or write this into conf/config.yaml"
            )


def _texts(content: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every text inside, with its key in full."""
    if isinstance(content, str):
        yield key, content
    elif isinstance(content, Mapping):
        for name, value in content.items():
            yield from _texts(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for at, value in enumerate(content):
            yield from _texts(value, f"{key}.{at}")


def _resolver_in(text: str) -> str:
    """The name of a resolver that a value calls, however deep inside; empty: none."""
    trees: list[Any] = [parse(text)]
    while trees:
        tree = trees.pop()
        if isinstance(tree, OmegaConfGrammarParser.InterpolationResolverContext):
            return str(tree.resolverName().getText())
        trees += list(getattr(tree, "children", None) or ())
    return ""
