"""Settings that the studio writes into `conf/config.yaml`, where a person would write them; comments stay."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from handloom.config import Kind, StreamValues, as_plain
from handloom.errors import HandloomError, printable
from handloom.stages.compose import write_parameters
from handloom.studio.project import StudioProject
from handloom.support.files import replacing
from handloom.support.yaml_files import read_yaml

# Names of files that the studio writes begin with a person and this; the pattern of the README fits them too.
AFTER_PERSON = "__"
GROUP_PATTERN = "^([^_]+)__"


def change_settings(project: StudioProject, values: Mapping[str, Any]) -> None:
    """Set parameters in `conf/config.yaml`, and compose `params.yaml`: both are the old ones if a value is refused.

    The caller holds `project.changes`: Hydra composes one configuration at a time in a process.

    Args:
        project: whose they are.
        values: by full names.

    Raises:
        HandloomError: the file cannot be changed, or a value is wrong.
    """
    config = project.root / "conf" / "config.yaml"
    read_yaml(config)  # within its bounds, before another loader reads it
    before = config.read_text(encoding="utf-8")
    yaml = YAML()  # the round-trip loader, which makes no objects of tags
    yaml.preserve_quotes, yaml.width = True, 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(before)
    for name, value in values.items():
        _put(content, name, value, config)
    out = io.StringIO()
    yaml.dump(content, out)
    _write(config, out.getvalue())
    try:
        write_parameters(config.parent, project.root / "params.yaml")
    except BaseException:
        _write(config, before)
        raise


def name_people(project: StudioProject, kind: Kind) -> None:
    """Let the names of files say who is in them, unless the project has a rule of its own."""
    with project.changes:
        groups = project.source(kind).groups
        if not groups.pattern and not groups.folder_level and not groups.file:
            change_settings(project, {f"data.{kind}.groups.pattern": GROUP_PATTERN})


def save_stream_values(project: StudioProject, kind: Kind, values: StreamValues) -> None:
    """Let exported models recommend these values for streams; what is as before is not written.

    Raises:
        HandloomError: see `change_settings`.
    """
    with project.changes:
        before = as_plain(project.parameters().export_coreml.streams.of(kind))
        key = f"export_coreml.streams.{kind}"
        changed = {f"{key}.{name}": value for name, value in as_plain(values).items() if value != before[name]}
        if changed:
            change_settings(project, changed)


def _put(content: Any, name: str, value: Any, config: Path) -> None:
    *path, key = name.split(".")
    for part in path:
        if content.get(part) is None:
            content[part] = CommentedMap()
        content = content[part]
        if not isinstance(content, dict):
            raise HandloomError(f"{printable(str(config))}: {part} is no section; set {name} by hand")
    content[key] = value


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
