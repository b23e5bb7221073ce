"""The protobuf messages of Core ML's files, made without coremltools, so that a file can be read where it is missing.

`core_ml.binpb` holds the descriptors of Apple's `Model.proto` and of all that it imports, as coremltools ships them
(BSD-3-Clause, https://github.com/apple/coremltools/tree/main/mlmodel/format). `tests/export/write_core_ml_messages.py`
writes it, and a test compares it with the coremltools that is installed. The messages have a pool of their own, so
coremltools' own classes of the same names can be loaded next to them.
"""

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FILE = Path(__file__).with_name("core_ml.binpb")
_PACKAGE = "CoreML.Specification"


@cache
def model_class() -> Any:
    """The class of the message `Model`, which a `.mlmodel` file is."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.Model"))


@cache
def data_type_names() -> dict[int, str]:
    """Names of the types of a tensor's elements in ML programs, as "FLOAT16", by their numbers."""
    types = _pool().FindEnumTypeByName(f"{_PACKAGE}.MILSpec.DataType")
    return {value.number: value.name for value in types.values}


@cache
def _pool() -> Any:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(FILE.read_bytes()).file:  # each after those it imports
        pool.Add(file)
    return pool
