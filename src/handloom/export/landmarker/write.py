"""MediaPipe's two hand networks, from the `.tflite` files to `.mlpackage` and `.aimodel`."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import torch

from handloom.config import ExportCoreML
from handloom.errors import ConfigurationError, HandloomError
from handloom.export.core_ai_file import save_asset
from handloom.export.landmarker.networks import CHANGES, IMAGE, LICENSE, NETWORKS, ORIGIN, ORIGINAL_SHA256
from handloom.export.landmarker.networks import ExportedNetwork as Network
from handloom.export.landmarker.tflite_network import TFLiteNetwork
from handloom.export.libraries import quiet
from handloom.export.package import save_package, weights_as_file
from handloom.keypoint_table import MEDIAPIPE
from handloom.landmarks.landmark_model import WHEEL
from handloom.landmarks.network_files import read_networks
from handloom.models.files import CORE_AI, ML_PROGRAM

FORMATS = (ML_PROGRAM, CORE_AI)
AUTHOR = "The MediaPipe Authors, Google LLC"
LICENSE_FILE, NOTE_FILE = "LICENSE", "README.md"


def endings_of(settings: ExportCoreML) -> list[str]:
    """The endings of the files that a configuration asks for.

    Raises:
        ConfigurationError: none of the formats can hold the networks.
    """
    endings = [ending for ending in FORMATS if ending.removeprefix(".") in settings.formats]
    if not endings:
        raise ConfigurationError(
            "export_coreml.landmarker: its networks are written as mlpackage and aimodel; add one to"
            " export_coreml.formats, or set export_coreml.landmarker to false"
        )
    return endings


def write_landmarker(
    model: Path, settings: ExportCoreML, folder: Path, *, found_joints: bool = False, joints_of: str = ""
) -> list[Path]:
    """Write both networks in each of the configured formats that can hold them, with licence and notice; the files.

    Args:
        model: the `hand_landmarker.task` file.
        settings: the section `export_coreml`; its `formats` and `precision` count. A Core AI file has float32.
        folder: is filled.
        found_joints: whether these networks are known to have found the joints of the training; the note says it.
        joints_of: the landmarkers that the table of the training names; empty where it names none.

    Raises:
        ConfigurationError: none of the formats can hold them, or the extra for one is not installed.
        LandmarkModelError: the file does not hold the networks.
        NotImplementedError: a network has something that cannot be converted.
        HandloomError: MediaPipe's licence is not where its wheel has it.
    """
    endings = endings_of(settings)
    files, contents = [], read_networks(model)
    for network in NETWORKS:
        content = contents[network.original]
        about = _about(network, content)
        for ending in endings:
            path = folder / f"{network.name}{ending}"
            if ending == ML_PROGRAM:
                with weights_as_file():
                    save_package(_program(network, content, settings, about), path)
            else:
                _save_core_ai(network, content, about, path)
            files.append(path)
    (folder / LICENSE_FILE).write_text(_license(), encoding="utf-8")
    (folder / NOTE_FILE).write_text(_note(files, found_joints, joints_of), encoding="utf-8")
    return files


def _about(network: Network, content: bytes) -> dict[str, str]:
    return {
        ORIGIN: f"{network.original} of {WHEEL}",
        ORIGINAL_SHA256: hashlib.sha256(content).hexdigest(),
        CHANGES: "converted by handloom from TensorFlow Lite; outputs that handloom does not use are left out",
    }


def _network(network: Network, content: bytes) -> tuple[TFLiteNetwork, torch.Tensor]:
    converted = TFLiteNetwork(content, len(network.outputs)).eval()
    return converted, torch.zeros(1, network.side, network.side, 3)


def _program(network: Network, content: bytes, settings: ExportCoreML, about: Mapping[str, str]) -> Any:
    """An ML program for iOS 15, as a `coremltools.models.MLModel` that is not saved yet."""
    with quiet():
        import coremltools

        converted, example = _network(network, content)
        precision = coremltools.precision.FLOAT32 if settings.precision == "float32" else coremltools.precision.FLOAT16
        with torch.no_grad():
            traced = torch.jit.trace(converted, example)
        program = coremltools.convert(
            traced,
            inputs=[coremltools.TensorType(name=IMAGE, shape=tuple(example.shape))],
            outputs=[coremltools.TensorType(name=name) for name in network.outputs],
            convert_to="mlprogram",
            minimum_deployment_target=coremltools.target.iOS15,
            compute_precision=precision,
            skip_model_load=True,
        )
        spec = program.get_spec()
        stated = spec.description.metadata
        stated.author, stated.license, stated.shortDescription = AUTHOR, LICENSE, network.description
        stated.userDefined.update(about)
        for feature in (*spec.description.input, *spec.description.output):
            feature.shortDescription = network.outputs.get(feature.name, network.input_description)
        for feature, shape in zip(spec.description.output, network.shapes, strict=True):
            feature.type.multiArrayType.shape[:] = shape
        return coremltools.models.MLModel(spec, weights_dir=program.weights_dir, skip_model_load=True)


def _save_core_ai(network: Network, content: bytes, about: Mapping[str, str], path: Path) -> None:
    converted, example = _network(network, content)
    descriptions = {f"Description of {name}": text for name, text in network.outputs.items()}
    save_asset(
        converted,
        example,
        path,
        inputs=[IMAGE],
        outputs=list(network.outputs),
        about={"author": AUTHOR, "license": LICENSE, "description": network.description},
        custom={**about, f"Description of {IMAGE}": network.input_description, **descriptions},
    )


def _license() -> str:
    """The licence as MediaPipe's own wheel has it."""
    for path in distribution("mediapipe").files or ():
        if path.name == LICENSE_FILE:
            return path.read_text(encoding="utf-8")
    raise HandloomError("mediapipe: its wheel has no LICENSE, which has to go with its networks; install it again")


def _note(files: list[Path], found_joints: bool, joints_of: str) -> str:
    if found_joints:
        whose = "They find the joints that the classifiers were trained with."
    elif joints_of and joints_of != MEDIAPIPE:
        whose = (
            f"They find the joints of a hand. **The joints of the training were found by {joints_of}**, as its table"
            " says. Compare answers before you ship both."
        )
    else:
        whose = (
            "They find the joints of a hand. **Whether the classifier was trained with such joints is not known**: the"
            " table of its training does not say which networks found them. Compare answers before you ship both."
        )
    lines = [
        "# MediaPipe's hand landmark networks",
        "",
        "Copyright The MediaPipe Authors. Licensed under the Apache License, Version 2.0 (`LICENSE`). Changed: handloom"
        " converted the networks from TensorFlow Lite and left out outputs that it does not use.",
        "",
        f"{whose} HandloomKit's `LandmarkHandDetector` runs them in an app, `handloom predict --landmarker` on a"
        " computer. `verification.json` says how far their outputs are from those of the original files.",
        "",
    ]
    for network in NETWORKS:
        names = ", ".join(f"`{file.name}`" for file in files if file.stem == network.name)
        lines += [f"## {network.name}", "", f"{network.description} Files: {names}.", ""]
        lines += [f"- input `{IMAGE}`: {network.input_description}"]
        lines += [f"- output `{name}`: {text}" for name, text in network.outputs.items()]
        lines += [""]
    return "\n".join(lines)
