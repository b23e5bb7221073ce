"""Reading what a saved Core ML file says of itself, and how its weights are stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from handloom.errors import DataError, first_line, printable
from handloom.export.quiet import quiet

Storage = Literal["float32", "float16", "8_bit", "palettized"]


def read_specification(path: Path) -> Any:
    """The protobuf message `Model` of a `.mlpackage` or `.mlmodel`, without its weight file.

    Raises:
        DataError: the file is missing, is damaged, or is no Core ML model.
    """
    name = printable(str(path))
    if not path.exists():
        raise DataError(f"{name}: no such file")
    with quiet():
        from coremltools.models.utils import load_spec

        try:
            spec = load_spec(str(path))
        except Exception as error:  # protobuf's DecodeError, RuntimeError and OSError of the package's manifest, ...
            raise DataError(
                f"{name}: not a Core ML model that can be read ({first_line(error)}); export it anew"
            ) from None
    if spec.WhichOneof("Type") is None or not spec.description.input:
        raise DataError(f"{name}: not a Core ML model, it lacks a type or an input; export it anew")
    return spec


def operations(spec: Any) -> Iterator[Any]:
    """The operations of an ML program's functions, in order."""
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            yield from block.operations


def storage(spec: Any) -> Storage:
    """How the weights of an ML program or a neural network are stored: the coarsest way that any of them is."""
    found = set(_program_storage(spec) if spec.WhichOneof("Type") == "mlProgram" else _network_storage(spec))
    order: tuple[Storage, ...] = ("palettized", "8_bit", "float16")
    return next((one for one in order if one in found), "float32")


def _program_storage(spec: Any) -> Iterator[Storage]:
    from coremltools.proto import MIL_pb2

    for operation in operations(spec):
        if "lut_to_dense" in operation.type:
            yield "palettized"
        elif operation.type.startswith("constexpr_"):
            yield "8_bit"
        elif any(output.type.tensorType.dataType == MIL_pb2.FLOAT16 for output in operation.outputs):
            yield "float16"


def _network_storage(spec: Any) -> Iterator[Storage]:
    network = getattr(spec, spec.WhichOneof("Type"))
    for layer in getattr(network, "layers", ()):
        for weights in _weights(getattr(layer, layer.WhichOneof("layer"))):
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
