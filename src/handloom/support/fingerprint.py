"""The fingerprint of a piece of work: finished work is reused only if it is equal."""

import hashlib
import json
from typing import Any


def fingerprint(content: Any) -> str:
    """The sha256 of plain content, as JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
