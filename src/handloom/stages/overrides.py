"""Overrides in Hydra's grammar: what is wrong with one is a line that says what to type."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import GrammarParseError, OmegaConfBaseException

from handloom.config.errors import nearest, unknown_parameter
from handloom.config.hydra_nodes import nodes
from handloom.errors import ConfigurationError, first_line

_LONGEST = 1000  # characters of what somebody is told to type
_SIGNS = "+~"  # what stands before a key that is added or removed

Known = Callable[[], Mapping[str, Any]]  # every parameter by its full name, with its value


def parsed(words: Sequence[str], known: Known) -> list[Override]:
    """The overrides on a command line.

    Args:
        words: of the command line.
        known: asked only where something is wrong.

    Raises:
        ConfigurationError: Hydra does not understand one.
    """
    overrides = []
    for word in words:
        override = _override(word)
        if override is None or not override.key_or_group:
            raise ConfigurationError(_not_understood(word, known))
        overrides.append(override)
    return overrides


def refuse_several_values(overrides: Iterable[Override], known: Known) -> None:
    """Refuse `key=1,2` where one training runs.

    Raises:
        ConfigurationError: an override has several values.
    """
    for override in overrides:
        if override.is_sweep_override():
            key, _, value = (override.input_line or "").partition("=")
            before = known().get(key.lstrip(_SIGNS))
            if isinstance(before, list):
                advice = f"; a list is {shlex.quote(f'{key}=[{value}]')}"
            elif isinstance(before, float) and re.fullmatch(r"\d+,\d+", value):
                advice = f"; a decimal number is {key}={value.replace(',', '.')}"
            else:
                advice = f"; one text is {_quoted(key, value)}" if isinstance(before, str) else ""
            raise ConfigurationError(f"{key}: several values, {_clipped(value)}, which need -m{advice}")


def explained(error: Exception, overrides: Sequence[Override], known: Known, groups: Sequence[str]) -> str:
    """What Hydra says of a composition that failed, as one line that says what to type.

    Args:
        error: Hydra's or OmegaConf's.
        overrides: what was composed.
        known: see `parsed`.
        groups: names of the groups of options, `data/pose` say.
    """
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _no_option(error.missing_cfg_file, error.options or ())
    cause = error.__cause__ if not str(error) else None  # Hydra wraps some without a word
    if isinstance(cause or error, OmegaConfBaseException | RecursionError):
        return unresolved(cause or error)
    text = " ".join(str(error).split())
    for override in overrides:
        key = override.key_or_group
        if "group override must be" in text and key in groups:
            return f"{key}: a group of options; type {key}=OPTION, or {key}.PARAMETER=VALUE"
        if f"Override {override.input_line} looks like" in text:
            return f"{key}: no such group of options{nearest(key, groups)}"
        if f"'{override.get_key_element().lstrip(_SIGNS)}'" not in text:
            continue
        if "Could not override" in text or "Could not delete" in text:
            return _unknown(override, text, known, groups)
        if "already at" in text:
            return f"{key}: exists already; remove the + before it"
    return text


def unresolved(error: BaseException) -> str:
    """What OmegaConf says of a value, as one line that begins with its key where it knows that."""
    if isinstance(error, RecursionError):
        return "an interpolation, ${...}, refers to itself, or is nested too deep"
    if isinstance(error, GrammarParseError):
        return "an interpolation, ${...}, is not closed or not valid"
    key = getattr(error, "full_key", None)
    return f"{key}: {first_line(error)}" if key else first_line(error)


def groups_in(conf: Path) -> list[str]:
    """The groups of options that a folder holds, and those with options of handloom's own."""
    folders = {path.parent.relative_to(conf).as_posix() for path in conf.rglob("*.yaml")}
    return sorted(folders - {"."} | {group for group, _, _ in nodes() if group})


def _not_understood(word: str, known: Known) -> str:
    key, equals, value = word.partition("=")
    name = key.lstrip(_SIGNS)
    if not equals:
        return f"{word!r} sets nothing; type {shlex.quote(word + '=VALUE')}"
    if not name or _override(f"{key}=1") is None:
        return f"{_clipped(name)}: no name of a parameter{nearest(name, known())}"
    if value.lstrip().startswith(("[", "{")) and not isinstance(known().get(name), str):
        return f"{name}: {_clipped(value)} is no list or section; a list is {shlex.quote(key + '=[first,second]')}"
    quoted = _quoted(key, str(Path(value).expanduser()) if value.startswith("~/") else value)
    if quoted and len(quoted) <= _LONGEST and quoted.isprintable():
        return f"{name}: {_clipped(value)} has to be quoted for Hydra and for the shell; type {quoted}"
    return f"{name}: {_clipped(value)} cannot be given on the command line; write it into conf/config.yaml"


def _quoted(key: str, value: str) -> str:
    """The override as it is typed in a shell, its value quoted for Hydra too; empty: that would not give the value."""
    word = f"{key}={QuotedString(value, Quote.double).with_quotes()}"
    override = _override(word)
    return shlex.quote(word) if override and override.value() == value and "${" not in value else ""


def _override(word: str) -> Override | None:
    try:
        return OverridesParser.create().parse_overrides([word])[0]
    except (OverrideParseException, ValueError, RecursionError):
        return None


def _unknown(override: Override, text: str, known: Known, groups: Sequence[str]) -> str:
    key = override.get_key_element().lstrip(_SIGNS)
    if "@" not in key and "/" not in key:
        if any(name.startswith(f"{key}.") for name in known()):
            return f"{key}: a section; type {key}.PARAMETER=VALUE"
        return unknown_parameter(key, [*known(), *groups]) or f"{key}: unknown parameter"
    if not groups:
        return f"{key}: a stage script takes single parameters; swap a group with dvc exp run -S {override.input_line}"
    places = re.search(r"override one of (.*?)\?", text)
    return f"{key}: no such group of options{nearest(key, places[1].split(', ') if places else groups)}"


def _no_option(name: str, options: Sequence[str]) -> str:
    group, _, option = name.rpartition("/")
    return f"{group}={option}: no such option{nearest(option, options)}; there are {', '.join(options) or 'none'}"


def _clipped(text: str) -> str:
    return repr(text) if len(text) <= 80 else repr(text[:77] + "...")
