"""MLflow: one run a training, followed from start through evaluation to export.

What is asked of a run (`run.py`) is an `Operation` (`operations.py`). The store does it at once (`store.py`), or, where
that cannot be reached (`store_errors.py`), it is kept on this computer (`outbox.py`) and sent later (`send.py`).
"""

from handloom.tracking.record import (
    ENVIRONMENT_FILE,
    FINGERPRINT,
    FOLD,
    GIVEN_UP_AT,
    JOB,
    KEYPOINTS_SHA256,
    MODEL_SHA256,
    PARAMETERS_FILE,
    PARENT,
    SPLIT_SHA256,
    WARNING,
    environment_text,
    flat,
    origin_tags,
    parameters_text,
)
from handloom.tracking.registry import TEST_DATA
from handloom.tracking.run import Run, Tracker, scratch, unlogged

__all__ = [
    "ENVIRONMENT_FILE",
    "FINGERPRINT",
    "FOLD",
    "GIVEN_UP_AT",
    "JOB",
    "KEYPOINTS_SHA256",
    "MODEL_SHA256",
    "PARAMETERS_FILE",
    "PARENT",
    "SPLIT_SHA256",
    "TEST_DATA",
    "WARNING",
    "Run",
    "Tracker",
    "environment_text",
    "flat",
    "origin_tags",
    "parameters_text",
    "scratch",
    "unlogged",
]
