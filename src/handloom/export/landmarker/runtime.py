"""The exported networks in place of LiteRT: from pixels to joints through files that an app gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.errors import DataError, printable
from handloom.export.core_ai_model import CoreAIFunction
from handloom.export.interpreter.kernels import one_thread
from handloom.export.interpreter.ml_program import LoadedProgram
from handloom.export.interpreter.program import read_program
from handloom.export.landmarker.networks import HAND_LANDMARKS, IMAGE, NETWORKS, ExportedNetwork
from handloom.export.libraries import one_line
from handloom.landmarks.network_landmarker import NetworkLandmarker, Networks
from handloom.landmarks.square import Cropper, Points
from handloom.media.frame import Picture
from handloom.models.files import CORE_AI, LANDMARKER_FOLDER, ML_PROGRAM

# From a picture ``[1, side, side, 3]`` to the outputs by name.
Run = Callable[[NDArray[np.float32]], Mapping[str, NDArray[np.float32]]]


@dataclass(frozen=True)
class ExportedLandmarker:
    """Both networks of a folder, see `handloom.landmarks.landmarker.LandmarkerFiles`.

    Attributes:
        files: of the two networks, in the order of `NETWORKS`.
    """

    files: tuple[Path, ...]

    @classmethod
    def at(cls, path: Path) -> "ExportedLandmarker":
        """The networks at a path.

        Args:
            path: the folder, or the one that it lies in; packages come first, since on Linux the interpreter is
                faster than Apple's runtime. Or one of the networks' files: the networks of its format are taken.

        Raises:
            DataError: a network is missing.
        """
        names = {f"{network.name}{ending}" for network in NETWORKS for ending in (ML_PROGRAM, CORE_AI)}
        named = path.name in names
        folders = (path.parent,) if named else (path, path / LANDMARKER_FOLDER)
        endings = (path.suffix,) if named else (ML_PROGRAM, CORE_AI)
        for folder, ending in product(folders, endings):
            files = tuple(folder / f"{network.name}{ending}" for network in NETWORKS)
            if all(file.is_dir() for file in files):
                return cls(files)
        raise DataError(
            f"{printable(str(path))}: no hand landmark networks; give the folder that dvc repro writes with"
            f" export_coreml.landmarker: true, such as exports/pose/{LANDMARKER_FOLDER}"
        )

    def open(self, confidence: float) -> NetworkLandmarker:
        """The landmarker.

        Args:
            confidence: 0 to 1; what a network is less sure of is no hand.

        Raises:
            DataError: a file cannot be read, or is another network.
            ConfigurationError: the extra for the format is not installed.
        """
        detector, landmarks = (FileNetwork(*pair) for pair in zip(self.files, NETWORKS, strict=True))
        return NetworkLandmarker(Networks(detector, landmarks), confidence)


class FileNetwork:
    """One exported network, see `handloom.landmarks.network_landmarker.HandNetwork`.

    Args:
        path: a `.mlpackage`, which the interpreter runs, or a `.aimodel`, which Apple's runtime runs.
        network: which one it has to be.

    Raises:
        DataError: it cannot be read, or is another one.
        ConfigurationError: the extra for the format is not installed.
    """

    def __init__(self, path: Path, network: ExportedNetwork) -> None:
        self.path, self._network = path, network
        self._cropper = Cropper(network.side, replicate=network is HAND_LANDMARKS)
        self._run = (_core_ai if path.suffix == CORE_AI else _program)(path, network)

    def __call__(self, picture: Picture, corners: Points) -> list[NDArray[np.float32]]:
        """The outputs for what lies between four corners in a picture."""
        return self.run(self._cropper(picture, corners))

    def run(self, crop: Picture) -> list[NDArray[np.float32]]:
        """The outputs for a picture ``[side, side, 3]``."""
        made = self._run(crop[None] * np.float32(1 / 255))
        outputs = [made[name] for name in self._network.outputs]
        for name, output, shape in zip(self._network.outputs, outputs, self._network.shapes, strict=True):
            if output.shape != shape:
                raise _other(self.path, f"its output {name} has shape {list(output.shape)} instead of {list(shape)}")
        return outputs


def _program(path: Path, network: ExportedNetwork) -> Run:
    program = read_program(path)
    _check(path, network, [one.name for one in program.inputs], program.outputs)
    with one_line(path, "an ML program"):
        loaded = LoadedProgram(program)

    def run(image: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        with one_line(path, "an ML program"), one_thread():
            values = loaded.run({IMAGE: image})
            return {name: values[name] for name in network.outputs}

    return run


def _core_ai(path: Path, network: ExportedNetwork) -> Run:
    function = CoreAIFunction(path)
    _check(path, network, function.inputs, function.outputs)
    return lambda image: function.run({IMAGE: image})


def _check(path: Path, network: ExportedNetwork, inputs: list[str], outputs: Sequence[str]) -> None:
    if inputs != [IMAGE] or set(outputs) != set(network.outputs):
        raise _other(path, f"it takes {', '.join(inputs)} and gives {', '.join(outputs)}")


def _other(path: Path, trouble: str) -> DataError:
    return DataError(
        f"{printable(str(path))}: not handloom's {path.stem} ({printable(trouble)[:200]}); export the model again"
    )
