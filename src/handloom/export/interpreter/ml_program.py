"""Running a saved ML program in NumPy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from handloom.errors import DataError, first_line, printable
from handloom.export.exported import ExportedModel, Precision
from handloom.export.interpreter.budget import Budget
from handloom.export.interpreter.kernels import one_thread, rounded_to_float16
from handloom.export.interpreter.program import OPERATIONS, Declared, Program, Step, read_program
from handloom.export.libraries import one_line

_FLOATING = {"FLOAT16", "FLOAT32", "FLOAT64"}
_WHOLE: Mapping[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "INT4": np.int8,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "UINT1": np.uint8,
    "UINT2": np.uint8,
    "UINT3": np.uint8,
    "UINT4": np.uint8,
    "UINT6": np.uint8,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
}


class LoadedProgram:
    """A program with its constants made ready: all that depends on no input is computed once.

    Floating values are kept as float32 arrays that hold what the declared type can hold. Each operation computes in
    float32, sums included, and its result is rounded once, to

    * "stored": the type that the program declares for it, so a float16 program is rounded after each operation;
    * "float16": half precision, whatever is declared. Core ML runs float32 programs in float32 (on the CPU or the GPU);
      this shows what would be left of one in the half precision that the Neural Engine computes in.

    A device may add in another order, keep more digits between operations that it fuses or flush the smallest numbers
    to zero; its last digits differ from these.
    """

    def __init__(self, program: Program, precision: Precision = "stored") -> None:
        self.program = program
        self.precision = precision
        self.constants = {name: self._constant(value) for name, value in program.constants.items()}
        self.steps: list[Step] = []
        budget = Budget()
        for step in program.steps:
            if all(name in self.constants for name in _names(step)):
                self._perform(step, self.constants, budget)
            else:
                self.steps.append(step)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        """All values of the program by name, those of the inputs and constants among them.

        Raises:
            DataError: the inputs have other names or shapes than the program's, or an operation does not fit its
                arguments.
        """
        values = dict(self.constants)
        for declared in self.program.inputs:
            if declared.name not in inputs or not _fits(inputs[declared.name].shape, declared):
                given = {name: list(value.shape) for name, value in inputs.items()}
                raise DataError(
                    f"{self._path}: its input {declared.name} has shape {_text(declared)}; given is {given}"
                )
            values[declared.name] = self._rounded(inputs[declared.name], declared)
        budget = Budget()
        for step in self.steps:
            self._perform(step, values, budget)
        return values

    def _perform(self, step: Step, values: dict[str, Any], budget: Budget) -> None:
        """Put the results of an operation next to its inputs."""
        try:
            arguments = {
                parameter: values[names] if isinstance(names, str) else [values[name] for name in names]
                for parameter, names in step.arguments.items()
            }
            budget.before(values[name] for name in _names(step))
            # What overflows is infinite or no number from here on, and the caller sees that.
            with np.errstate(all="ignore"):
                results = OPERATIONS[step.operation](**arguments)
                results = results if isinstance(results, tuple) else (results,)
                budget.after(results)
                for declared, result in zip(step.outputs, results, strict=True):
                    values[declared.name] = self._rounded(np.asarray(result), declared)
        except (
            ArithmeticError,
            AssertionError,
            AttributeError,
            LookupError,
            MemoryError,
            TypeError,
            ValueError,
        ) as error:
            name = step.outputs[0].name if step.outputs else ""
            raise DataError(
                f"{self._path}: the operation {step.operation} that makes {printable(name)[:100]} does not fit its"
                f" arguments ({printable(first_line(error))[:200]}); export the model again"
            ) from error
        for declared in step.outputs:
            if not _fits(values[declared.name].shape, declared):
                made = list(values[declared.name].shape)
                raise DataError(
                    f"{self._path}: the operation {step.operation} makes {printable(declared.name)} of shape {made},"
                    f" and the program says {_text(declared)}; export the model again"
                )

    def _constant(self, value: Any) -> Any:
        """Text as it is; numbers in an array, the floating ones as float32."""
        if isinstance(value, str | list):
            return value
        array = np.asarray(value)
        if not np.issubdtype(array.dtype, np.floating):
            return array
        return rounded_to_float16(array) if self.precision == "float16" else array.astype(np.float32)

    def _rounded(self, value: NDArray[Any], declared: Declared) -> NDArray[Any]:
        if declared.kind == "FLOAT16" or (self.precision == "float16" and declared.kind in _FLOATING):
            return rounded_to_float16(value)
        return value.astype(np.float32 if declared.kind in _FLOATING else _WHOLE[declared.kind], copy=False)

    @property
    def _path(self) -> str:
        return printable(str(self.program.path))


class ProgramModel(ExportedModel):
    """Runs a saved ML program that classifies: the file and its weights as they are on the disk.

    Args:
        path: the `.mlpackage`.
        precision: see `LoadedProgram`.

    Raises:
        UnknownOperation: the file uses one that handloom does not have.
        DataError: the file is missing, is damaged, or is no classifier with one input.
    """

    runtime = "handloom's interpreter"

    def __init__(self, path: Path, precision: Precision = "stored") -> None:
        self.path, program = path, read_program(path)
        if program.classifier is None or len(program.inputs) != 1:
            raise DataError(f"{printable(str(path))}: not a classifier with one input; export the model again")
        self.classes = program.classifier.classes
        self._input = program.inputs[0].name
        self.shape = tuple(size or 0 for size in program.inputs[0].shape)
        self.metadata = program.metadata
        self._probabilities = program.classifier.probabilities
        with one_line(path, "an ML program"):
            self._loaded = LoadedProgram(program, precision)

    @override
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the file's operation `classify` gets."""
        with one_line(self.path, "an ML program"), one_thread():
            values = self._loaded.run({self._input: poses})
            probabilities: NDArray[np.float32] = values[self._probabilities].reshape(-1)
        if len(probabilities) != len(self.classes):
            raise DataError(
                f"{printable(str(self.path))}: has {len(self.classes)} classes and {len(probabilities)}"
                " probabilities; export the model again"
            )
        return probabilities


def _names(step: Step) -> list[str]:
    return [name for names in step.arguments.values() for name in ([names] if isinstance(names, str) else names)]


def _fits(shape: tuple[int, ...], declared: Declared) -> bool:
    return len(shape) == len(declared.shape) and all(
        expected in (size, None) for size, expected in zip(shape, declared.shape, strict=True)
    )


def _text(declared: Declared) -> str:
    return str([size if size is not None else "any" for size in declared.shape])
