"""Reading what a saved Core ML file says of itself, and how its weights are stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from handloom.errors import DataError, printable
from handloom.export.core_ml_messages import data_type_names, model_class
from handloom.export.libraries import one_line
from handloom.export.package import require_model_file, specification_file
from handloom.models.files import ML_PROGRAM

Storage = Literal["float32", "float16", "8_bit", "palettized"]


def read_specification(path: Path) -> Any:
    """The protobuf message `Model` of a `.mlpackage` or `.mlmodel`, without its weight file.

    Raises:
        DataError: the file is missing, is damaged, or is no Core ML model.
    """
    require_model_file(path)
    if path.is_dir() != (path.suffix == ML_PROGRAM):
        kind = "a folder" if path.suffix == ML_PROGRAM else "a file"
        raise DataError(f"{printable(str(path))}: a model with this ending is {kind}; export the model again")
    with one_line(path, "a Core ML model"):
        spec = model_class().FromString((specification_file(path) if path.is_dir() else path).read_bytes())
    if spec.WhichOneof("Type") is None or not spec.description.input:
        raise DataError(
            f"{printable(str(path))}: not a Core ML model, it lacks a type or an input; export the model again"
        )
    return spec


def operations(spec: Any) -> Iterator[Any]:
    """The operations of an ML program's functions, in order."""
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            yield from block.operations


def argument(operation: Any, parameter: str) -> Any:
    """What an operation of an ML program is given for a parameter: its first binding; None without any."""
    # Asking protobuf's map for a key that is missing would add it.
    given = operation.inputs[parameter].arguments if parameter in operation.inputs else ()
    return given[0] if given else None


def class_labels(spec: Any) -> list[str]:
    """The class labels in the file's order; empty where they are no texts."""
    if spec.WhichOneof("Type") == "mlProgram":
        for operation in operations(spec):
            if operation.type == "classify":
                classes = argument(operation, "classes")
                values = classes.value.immediateValue.list.values if classes else ()
                texts = [value.immediateValue.tensor.strings.values for value in values]
                return [text[0] for text in texts] if all(len(text) == 1 for text in texts) else []
        return []
    network = getattr(spec, spec.WhichOneof("Type"))
    return list(network.stringClassLabels.vector) if hasattr(network, "stringClassLabels") else []


def input_shape(spec: Any) -> tuple[int, ...]:
    """The shape of the first input, empty where that is no array."""
    return tuple(spec.description.input[0].type.multiArrayType.shape)


def storage(spec: Any) -> Storage:
    """How the weights of an ML program or a neural network are stored: the coarsest way that any of them is."""
    found = set(_program_storage(spec) if spec.WhichOneof("Type") == "mlProgram" else _network_storage(spec))
    order: tuple[Storage, ...] = ("palettized", "8_bit", "float16")
    return next((one for one in order if one in found), "float32")


def _program_storage(spec: Any) -> Iterator[Storage]:
    names = data_type_names()
    for operation in operations(spec):
        if "lut_to_dense" in operation.type:
            yield "palettized"
        elif operation.type.startswith("constexpr_"):
            yield "8_bit"
        elif any(names[output.type.tensorType.dataType] == "FLOAT16" for output in operation.outputs):
            yield "float16"


def _network_storage(spec: Any) -> Iterator[Storage]:
    network = getattr(spec, spec.WhichOneof("Type"))
    for layer in getattr(network, "layers", ()):
        kind = layer.WhichOneof("layer")  # none where it is newer than `core_ml.binpb`
        for weights in _weights(getattr(layer, kind)) if kind else ():
            if weights.HasField("quantization"):
                kind = weights.quantization.WhichOneof("QuantizationType")
                yield "palettized" if kind == "lookupTableQuantization" else "8_bit"
            elif weights.float16Value:
                yield "float16"


def _weights(message: Any) -> Iterator[Any]:
    """The messages `WeightParams` directly inside a layer's parameters."""
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.name == "WeightParams":
            yield value
