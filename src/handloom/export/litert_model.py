"""Running a saved LiteRT (TensorFlow Lite, `.tflite`) file, without PyTorch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from handloom.errors import DataError, printable
from handloom.export.exported import ExportedModel
from handloom.export.interface import LABEL_PROBABILITIES, POSES, labels_of
from handloom.export.libraries import one_line
from handloom.export.package import require_model_file

ENTRY = "handloom"  # the metadata buffer that says what the file is


def metadata_of(content: bytes) -> dict[str, str]:
    """What `litert_file.finished` put into the buffer `ENTRY`; nothing where there is none."""
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.Model.GetRootAs(content, 0)
    for number in range(model.MetadataLength()):
        entry = model.Metadata(number)
        if entry.Name() == ENTRY.encode():
            text = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes().decode()
            return {str(name): str(value) for name, value in json.loads(text).items()}
    return {}


class LiteRTInterpreter:
    """A `.tflite` in memory, on one thread of the CPU.

    Attributes:
        inputs: names of the inputs.
        output: name of the only output.
        shape_of_input, shape_of_output: of the first input, and of the output.

    Raises:
        ValueError: LiteRT does not take it, or it has not exactly one output.
    """

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # Without the accelerated kernels, which print a line, and whose results depend on the processor.
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=plain)
        self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()
        (made,) = self._interpreter.get_output_details()
        self.inputs, self.output = [one["name"] for one in given], made["name"]
        self.shape_of_input = [int(size) for size in given[0]["shape"]] if given else []
        self.shape_of_output = [int(size) for size in made["shape"]]
        self._given, self._made = [one["index"] for one in given], made["index"]

    def run(self, *values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The output for the inputs, in their order."""
        for index, value in zip(self._given, values, strict=True):
            self._interpreter.set_tensor(index, np.ascontiguousarray(value, np.float32))
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._made), np.float32)


class LiteRTModel(ExportedModel):
    """A saved `.tflite`, run by LiteRT on one thread of the CPU.

    Args:
        path: what `litert_file.save_litert` wrote.

    Attributes:
        classes: labels, in the order of the probabilities.
        shape: of a window.
        metadata: what the file says of itself.

    Raises:
        DataError: the file is missing or damaged, or handloom did not write it.
    """

    runtime = "LiteRT"

    def __init__(self, path: Path) -> None:
        require_model_file(path)
        self.path = path
        with one_line(path, "a LiteRT model"):
            content = path.read_bytes()
            self.metadata = metadata_of(content)
            self._interpreter = LiteRTInterpreter(content)
            ends = (self._interpreter.inputs, self._interpreter.output)
            self.classes = labels_of(self.metadata) if ends == ([POSES], LABEL_PROBABILITIES) else []
            self.shape = tuple(self._interpreter.shape_of_input)
        if not self.classes or self._interpreter.shape_of_output != [1, len(self.classes)]:
            raise DataError(f"{printable(str(path))}: a LiteRT model, but not one of handloom's hand classifiers")

    @override
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_line(self.path, "a LiteRT model"):
            probabilities: NDArray[np.float32] = self._interpreter.run(poses)[0]
            return probabilities
