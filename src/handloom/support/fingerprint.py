"""The fingerprint of work: what decides a result, so that finished work is used again only where it is the same."""

import hashlib
import json
from typing import Any


def fingerprint(content: Any) -> str:
    """The sha256 of plain content, as JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
