"""MLflow: one run a training, followed from start through evaluation to export.

What is asked of a run is a `Call` (`calls.py`). It is made on the store (`store.py`) at once, or, where that cannot be
reached (`trouble.py`), kept on this computer and sent later (`outbox.py`).
"""

from handloom.tracking.calls import PARENT
from handloom.tracking.environment import ENVIRONMENT_FILE, environment_text, origin_tags
from handloom.tracking.log import (
    log_files,
    log_inputs,
    log_metrics,
    log_private_files,
    log_text,
    logged_steps,
    set_tags,
    unlogged,
)
from handloom.tracking.parameters import PARAMETERS_FILE, flat, parameters_text
from handloom.tracking.registry import register_model
from handloom.tracking.registry_calls import MODEL_SHA256
from handloom.tracking.run import JOB, end_run, open_run, resume_run, run_in, start_run, write_run_file
from handloom.tracking.scratch import scratch
from handloom.tracking.store import tracking_uri
from handloom.tracking.tags import FOLD, GIVEN_UP_AT, WARNING

__all__ = [
    "ENVIRONMENT_FILE",
    "FOLD",
    "GIVEN_UP_AT",
    "JOB",
    "MODEL_SHA256",
    "PARAMETERS_FILE",
    "PARENT",
    "WARNING",
    "end_run",
    "environment_text",
    "flat",
    "log_files",
    "log_inputs",
    "log_metrics",
    "log_private_files",
    "log_text",
    "logged_steps",
    "open_run",
    "origin_tags",
    "parameters_text",
    "register_model",
    "resume_run",
    "run_in",
    "scratch",
    "set_tags",
    "start_run",
    "tracking_uri",
    "unlogged",
    "write_run_file",
]
