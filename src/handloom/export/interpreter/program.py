"""Reading a saved ML program as it stands in the file: nothing is folded, inferred or corrected on the way.

The messages are MIL's: https://github.com/apple/coremltools/blob/main/mlmodel/format/MIL.proto
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from handloom.errors import DataError, printable
from handloom.export.core_ml_messages import data_type_names
from handloom.export.interpreter.budget import Budget, UnknownOperation
from handloom.export.interpreter.compressed_weights import COMPRESSED_WEIGHTS
from handloom.export.interpreter.elementwise_operations import ELEMENTWISE
from handloom.export.interpreter.resizing_operations import RESIZING
from handloom.export.interpreter.shape_operations import SHAPES
from handloom.export.interpreter.stored_values import StoredValues
from handloom.export.interpreter.summing_operations import SUMMING
from handloom.export.libraries import one_line
from handloom.export.package import WEIGHTS, specification_file
from handloom.export.specification import read_specification

# All operations that can be run, by their types as saved files name them. Each takes NumPy arrays under the names of
# MIL's parameters, and has MIL's defaults. Floating values come as float32, text as `str`; what comes out is rounded
# afterwards to the type that the program declares.
OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **COMPRESSED_WEIGHTS,
    **ELEMENTWISE,
    **RESIZING,
    **SHAPES,
    **SUMMING,
}
_CONST, _CLASSIFY = "const", "classify"
_LISTS = {"values"}  # the parameters that take several values, even where there is one


@dataclass(frozen=True)
class Declared:
    """A value as the program declares it.

    Args:
        name: by which later operations take it.
        kind: the type of its elements, as "FLOAT16".
        shape: its size along each axis, None where only the run tells.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Step:
    """One operation of the program.

    Args:
        operation: its type.
        arguments: for each parameter the name of its value, or those of its values.
        outputs: what it makes.
    """

    operation: str
    arguments: Mapping[str, str | tuple[str, ...]]
    outputs: tuple[Declared, ...]


@dataclass(frozen=True)
class Classifier:
    """What the operation `classify` is given."""

    probabilities: str
    classes: list[str]


@dataclass(frozen=True)
class Program:
    """The only function of an ML program.

    Args:
        path: the file.
        inputs: what it is called with.
        outputs: the names of what it returns.
        constants: the values that stand in the file, by name, each in its stored type.
        steps: in the order of the file.
        classifier: None if it ends in no class.
        metadata: what the file says of itself.
    """

    path: Path
    inputs: tuple[Declared, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Any]
    steps: tuple[Step, ...]
    classifier: Classifier | None
    metadata: Mapping[str, str]


def read_program(path: Path) -> Program:
    """Read a `.mlpackage` with its weights.

    Raises:
        UnknownOperation: it uses one that handloom does not have.
        DataError: the file is missing, is damaged, or is no ML program with one function.
    """
    spec, name = read_specification(path), printable(str(path))
    if spec.WhichOneof("Type") != "mlProgram":
        raise DataError(f"{name}: not an ML program, but a {spec.WhichOneof('Type')}")
    functions = spec.mlProgram.functions
    if len(functions) != 1:
        raise DataError(
            f"{name}: has {len(functions)} functions ({printable(', '.join(sorted(functions)))}) instead of one"
        )
    (function,) = functions.values()
    if list(function.block_specializations) != [function.opset]:
        raise DataError(f"{name}: its function has not exactly one body; export the model again")
    block = function.block_specializations[function.opset]
    for operation in block.operations:
        if operation.type not in {_CONST, _CLASSIFY, *OPERATIONS}:
            raise UnknownOperation(operation.type, path)
    with one_line(path, "an ML program"):
        return _Reader(path).program(spec, function.inputs, block)


class _Reader:
    """Collects what the messages and the weight files next to them say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.weights_folder = specification_file(path).with_name(WEIGHTS)
        self.stored = StoredValues(self.weights_folder)
        self.constants: dict[str, Any] = {}
        self.budget = Budget()

    def program(self, spec: Any, inputs: Any, block: Any) -> Program:
        steps: list[Step] = []
        classifier: Classifier | None = None
        known = {one.name for one in inputs}
        for operation in block.operations:
            self._check_names(operation, known)
            if operation.type == _CONST:
                self.constants[operation.outputs[0].name] = self._value(operation.attributes["val"])
            elif operation.type == _CLASSIFY:
                arguments = self._arguments(operation)
                classes = self.constants[str(arguments["classes"])]
                classifier = Classifier(str(arguments["probabilities"]), [str(one) for one in classes])
            else:
                outputs = tuple(_declared(output) for output in operation.outputs)
                steps.append(Step(operation.type, self._arguments(operation), outputs))
        returned = tuple(block.outputs)
        for name in returned:
            if name not in known:
                raise self._broken(f"has an output {name!r} that no operation makes")
        for output in spec.description.output:
            if output.name not in returned:
                raise self._broken(f"describes an output {output.name!r} that its program does not have")
        called_with = tuple(_declared(one) for one in inputs)
        metadata = dict(spec.description.metadata.userDefined)
        return Program(self.path, called_with, returned, self.constants, tuple(steps), classifier, metadata)

    def _check_names(self, operation: Any, known: set[str]) -> None:
        """Every value is made once, and before it is taken: none is its own input."""
        for given in operation.inputs.values():
            for binding in given.arguments:
                if binding.WhichOneof("binding") == "name" and binding.name not in known:
                    raise self._broken(f"takes {binding.name!r} for {operation.type}, and no operation before makes it")
        for output in operation.outputs:
            if output.name in known:
                raise self._broken(f"makes {output.name!r} twice")
            known.add(output.name)

    def _broken(self, trouble: str) -> DataError:
        return DataError(f"{printable(str(self.path))} {printable(trouble)[:200]}; export the model again")

    def _arguments(self, operation: Any) -> dict[str, str | tuple[str, ...]]:
        """The names of the values that each parameter gets."""
        arguments: dict[str, str | tuple[str, ...]] = {}
        for parameter, argument in operation.inputs.items():
            names = tuple(self._bound(operation, parameter, binding) for binding in argument.arguments)
            if not names:
                raise self._broken(f"gives its operation {operation.type} nothing for {parameter!r}")
            arguments[parameter] = names if parameter in _LISTS else names[0]
        # Since iOS 16 compressed weights may stand here, all inline.
        for parameter, value in operation.attributes.items():
            if parameter != "name":
                arguments[parameter] = self._inline(operation, parameter, value)
        return arguments

    def _bound(self, operation: Any, parameter: str, binding: Any) -> str:
        if binding.WhichOneof("binding") == "value":
            return self._inline(operation, parameter, binding.value)
        return str(binding.name)

    def _inline(self, operation: Any, parameter: str, value: Any) -> str:
        """A value that has no name gets one that no other can have: a space is in none."""
        name = f"{parameter} of {operation.outputs[0].name} {len(self.constants)}"
        self.constants[name] = self._value(value)
        return name

    def _value(self, value: Any) -> Any:
        """A NumPy array or scalar in the stored type, text, or a list of these."""
        if value.type.WhichOneof("type") == "listType":
            return [self._value(one) for one in value.immediateValue.list.values]
        if value.WhichOneof("value") == "blobFileValue":
            file = value.blobFileValue.fileName
            if file != f"@model_path/{WEIGHTS}/{PurePosixPath(file).name}" or not self._has_weights(file):
                raise self._broken(f"names {file!r} as its weights, which is not in the package")
        loaded = self.stored.tensor(value)
        self.budget.after([loaded] if isinstance(loaded, np.ndarray) else [])
        return loaded

    def _has_weights(self, file: str) -> bool:
        return (self.weights_folder / PurePosixPath(file).name).is_file()


def _declared(named: Any) -> Declared:
    tensor = named.type.tensorType
    shape = tuple(
        dimension.constant.size if dimension.WhichOneof("dimension") == "constant" else None
        for dimension in tensor.dimensions
    )
    return Declared(named.name, data_type_names()[tensor.dataType], shape)
