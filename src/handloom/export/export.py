"""The stage: write the Core ML file, and give it to the run that trained the model."""

from pathlib import Path

from handloom import tracking
from handloom.config import Kind, Parameters
from handloom.export.convert import convert
from handloom.export.interface import FILE_NAMES
from handloom.export.package import save_package
from handloom.files import replacing
from handloom.models.checkpoint import load_model
from handloom.models.folder import MODEL_FILE, RUN_FILE


def export_coreml(parameters: Parameters, kind: Kind, model: Path, out: Path) -> Path:
    """Convert the trained model and write it to the folder `out`; return the file's path.

    Args:
        parameters: all of them; the section `export_coreml` decides.
        kind: "pose" or "action".
        model: folder with the trained model and the file that names its run.
        out: gets `HandPoseClassifier.mlpackage` or `HandActionClassifier.mlpackage`, after which Xcode names a class.

    Raises:
        DataError: the model cannot be read.
    """
    package = out / f"{FILE_NAMES[kind]}.mlpackage"
    converted = convert(load_model(model / MODEL_FILE), parameters.export_coreml)
    with replacing(package) as beside:
        save_package(converted, beside)
    run_id = tracking.open_run(model / RUN_FILE, kind, parameters)
    tracking.log_files(run_id, [package], "exports")
    return package
