"""Stream settings in a trained model's file."""

from pathlib import Path

from handloom.config import as_plain
from handloom.models.checkpoint import SPEC, load_model, read_checkpoint, spec_of
from handloom.models.model import StreamSettings
from handloom.training.checkpoints import AtomicCheckpointIO


def store_stream_settings(model: Path, settings: StreamSettings, out: Path) -> None:
    """Write a trained model with these settings; everything else stays as it is. `out` may be the same file.

    Raises:
        DataError: the file is missing, damaged, or no model.
    """
    load_model(model)
    content = read_checkpoint(model)
    content[SPEC] = as_plain(spec_of(content)) | {"stream": as_plain(settings)}
    AtomicCheckpointIO().save_checkpoint(content, out)
