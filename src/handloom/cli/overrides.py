"""Overrides, `KEY=VALUE`, on the command line: how a verb takes them, and their completion in a shell."""

import re

import click

from handloom.cli.verb import POSE_OR_ACTION, Decorator


def overrides_argument(help: str) -> Decorator:
    """Any number of parameters, ``key=value``, also after options."""
    return click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...", help=help, shell_complete=_complete)


def _complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names up to the `=`; after it the values, if a parameter has a list of them."""
    parameters = _parameters(context.params.get("kind"))
    name, equals, begun = incomplete.partition("=")
    if equals:  # zsh and fish keep the word whole
        return [f"{name}={value}" for value in parameters.get(name, ()) if value.startswith(begun)]
    before = [word for word in context.params.get("overrides") or () if word != "="]
    if before and before[-1] in parameters:  # bash has cut the word at the `=`
        return [value for value in parameters[before[-1]] if value.startswith(incomplete)]
    return [f"{name}=" for name in parameters if name.startswith(incomplete)]


def _parameters(kind: str | None) -> dict[str, list[str]]:
    """Names of parameters and of the groups of `conf/`, with the values that each may have; with none: too many."""
    from handloom.config.explain import explained
    from handloom.project.template import template_folder

    kinds = [kind] if kind else POSE_OR_ACTION
    found: dict[str, list[str]] = {}
    for group in explained():
        source = re.match(r"data\.(?P<kinds>[\w/]+): (?P<name>\w+)", group.title)
        for one in source["kinds"].split("/") if source else ():
            found.setdefault(f"data/{one}", []).append(source["name"] if source else "")
        for row in group.parameters if not source else ():
            values = row.values.split(" / ") if " / " in row.values and not row.values.startswith("list") else []
            of_both = group.title.startswith("train_")
            found |= {f"train_{one}.{row.name}": values for one in kinds} if of_both else {row.name: values}
    folder = template_folder() / "conf"
    for file in sorted(folder.glob("*/**/*.yaml")):
        found.setdefault(file.parent.relative_to(folder).as_posix(), []).append(file.stem)
    (other,) = [one for one in POSE_OR_ACTION if one not in kinds] or [""]
    return {name: values for name, values in found.items() if not other or not re.match(rf"\w+[/_]{other}\b", name)}
