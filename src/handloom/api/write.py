"""Write a trained model to a file that the caller names."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from handloom.api.parameters import ModelMetadata
from handloom.config import ExportCoreML, section_from
from handloom.errors import HandloomError, expect, printable, reason_of
from handloom.export.export import write_files
from handloom.export.interface import FILE_NAMES, user_metadata
from handloom.export.self_check import SELF_CHECK, self_check
from handloom.export.verification import rows_of, verify
from handloom.models.checkpoint import TrainedModel
from handloom.models.files import EXPORTED, NEURAL_NETWORK
from handloom.models.provenance import Provenance
from handloom.support.files import replacing


def write_model(model: TrainedModel, to: Path, metadata: ModelMetadata, provenance: Provenance | None) -> Path:
    """Write a model in the format of `to`'s suffix; compare the saved file with the model, then rename it to `to`.

    A path that ends in no suffix is a folder, which gets a `.mlmodel`.

    Raises:
        HandloomError: the suffix is another, the place cannot be written, or the saved file is not what was trained.
    """
    if not to.suffix:
        to = to / f"{FILE_NAMES[model.spec.kind]}{NEURAL_NETWORK}"
    if to.suffix not in EXPORTED:
        raise HandloomError(f"to: a file that ends in {', '.join(EXPORTED)} was expected (got {printable(to.name)})")
    _check(metadata)
    settings = section_from(
        ExportCoreML,
        {
            "author": metadata.author,
            "short_description": metadata.short_description,
            "license": metadata.license,
            "version": metadata.version,
            "formats": [to.suffix.removeprefix(".")],
        },
    )
    known = user_metadata(model, provenance) | {SELF_CHECK: self_check(model)}
    for name in metadata.additional:
        if name in known:
            raise HandloomError(f"metadata.additional: {name!r} is a key of handloom's own; choose another")
    with TemporaryDirectory() as folder:
        try:
            (file,) = write_files(model, settings, known | dict(metadata.additional), Path(folder))
            problems = verify(file, model, rows_of(model.spec.window)).problems
            if problems:
                raise HandloomError(f"{to.name} is not what was trained: {'; '.join(problems)}")
            with replacing(to) as temporary:
                shutil.move(file, temporary)
        except OSError as error:
            raise HandloomError(f"{printable(str(to))}: cannot be written ({reason_of(error)})") from None
    return to


def _check(metadata: ModelMetadata) -> None:
    expect("metadata", metadata, ModelMetadata)
    for name in ("author", "short_description", "license", "version"):
        expect(f"metadata.{name}", getattr(metadata, name), str)
    expect("metadata.additional", metadata.additional, Mapping)
    for name, value in metadata.additional.items():
        expect("metadata.additional", name, str)
        expect(f"metadata.additional.{printable(name)}", value, str)
