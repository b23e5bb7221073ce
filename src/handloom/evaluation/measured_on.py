"""The fingerprint of a test part, so that numbers are compared only where they were measured on the same."""

import hashlib

from handloom.dataset.examples import Examples


def measured_on(examples: Examples, window_stride: int) -> str:
    """The sha256 of the joints, labels and names of a test part, and of how windows are laid over its clips."""
    digest = hashlib.sha256(f"{window_stride}\n".encode())
    for example in examples:
        digest.update(f"{example.label}\0{example.name}\0{len(example.poses)}\0".encode())
        digest.update(example.poses.tobytes())
    return digest.hexdigest()
