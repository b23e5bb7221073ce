"""What a run was made with: packages, Python, the machine's kind, and hashes of what it was made of."""

import platform
from importlib.metadata import distributions
from pathlib import Path

from handloom.files import sha256_of_file


def environment_text() -> str:
    """Python, platform and each installed distribution with its version, a line each; no paths, no machine's name."""
    installed = {f"{one.metadata['Name']}=={one.version}" for one in distributions()}
    head = [
        f"# Python {platform.python_version()} ({platform.python_implementation()})",
        f"# {platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".rstrip(", "),
    ]
    return "\n".join([*head, *sorted(installed, key=str.lower)]) + "\n"


def origin_tags(table: Path, split: Path) -> dict[str, str]:
    """Tags with the sha256 of the data, of its parts, and of `dvc.lock` where the working folder has one."""
    files = {"keypoints": table, "split": split, "dvc_lock": Path("dvc.lock")}
    return {f"handloom.{name}_sha256": sha256_of_file(path) for name, path in files.items() if path.exists()}
