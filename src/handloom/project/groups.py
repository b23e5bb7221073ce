"""`conf/` of a project: the repository's own, without the drawn sample."""

import shutil
from pathlib import Path

# The drawn sample belongs to the repository, as do the stages that draw it.
_LEFT_OUT = {"conf/sample/default.yaml", "conf/data/pose/sample.yaml", "conf/data/action/sample.yaml"}
# What spoke of the sample: (what stands in the repository, what stands in a project). The order counts.
_CHANGED = {
    "conf/config.yaml": [
        ("  - data/pose: sample\n", "  - data/pose: labeled_directories\n"),
        ("  - data/action: sample\n", "  - data/action: labeled_directories\n"),
        ("  - sample: default\n", ""),
    ],
    **{
        f"conf/data/{kind}/joined.yaml": [
            ("by default your own files and the drawn ones", "by default a folder of folders and a folder of files"),
            (".drawn: sample", ".others: labeled_files"),
            (".drawn", ".others"),
        ]
        for kind in ("pose", "action")
    },
}


def write_groups(template: Path, folder: Path) -> None:
    """Copy `conf/` from the template into a project's folder."""
    for path in sorted((template / "conf").rglob("*.yaml")):
        name = path.relative_to(template).as_posix()
        if name in _LEFT_OUT:
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in _CHANGED:
            (folder / name).write_text(_without_sample(name, path.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            shutil.copyfile(path, folder / name)


def _without_sample(name: str, text: str) -> str:
    for before, after in _CHANGED[name]:
        if before not in text:
            raise ValueError(f"{name}: {before!r} is no longer in it; mend handloom/project/groups.py")
        text = text.replace(before, after)
    return text
