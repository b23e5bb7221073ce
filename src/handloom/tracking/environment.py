"""What a run was made with: packages, Python, the machine's kind, and hashes of what it was made of."""

import platform
from importlib.metadata import distributions
from pathlib import Path

from handloom.support.files import sha256_of_file

KEYPOINTS_SHA256, SPLIT_SHA256 = "handloom.keypoints_sha256", "handloom.split_sha256"
LOCK_SHA256 = "handloom.dvc_lock_sha256"
ENVIRONMENT_FILE = "environment.txt"  # artifact of a run


def environment_text() -> str:
    """Python, platform and each installed distribution with its version, a line each; no paths, no machine's name."""
    installed = {f"{one.metadata['Name']}=={one.version}" for one in distributions()}
    head = [
        f"# Python {platform.python_version()} ({platform.python_implementation()})",
        f"# {platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}".rstrip(", "),
    ]
    return "\n".join([*head, *sorted(installed, key=str.lower)]) + "\n"


def origin_tags(keypoints_sha256: str, split_sha256: str) -> dict[str, str]:
    """Tags with the sha256 of the data, of its parts, and of `dvc.lock` where the working folder has one."""
    lock = Path("dvc.lock")
    tags = {KEYPOINTS_SHA256: keypoints_sha256, SPLIT_SHA256: split_sha256}
    return tags | ({LOCK_SHA256: sha256_of_file(lock)} if lock.exists() else {})
