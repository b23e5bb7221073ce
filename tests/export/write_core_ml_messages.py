"""Run this after a change of coremltools: it writes src/handloom/export/core_ml.binpb."""

from typing import Any

from google.protobuf import descriptor_pb2

from handloom.export.core_ml_messages import FILE
from handloom.export.libraries import quiet


def descriptors() -> bytes:
    """The descriptors of `Model.proto` and of all files that it imports, each after those it imports."""
    with quiet():
        from coremltools.proto import Model_pb2

    files = descriptor_pb2.FileDescriptorSet()
    added: set[str] = set()

    def add(file: Any) -> None:
        if file.name not in added:
            added.add(file.name)
            for imported in file.dependencies:
                add(imported)
            file.CopyToProto(files.file.add())

    add(Model_pb2.DESCRIPTOR)
    return bytes(files.SerializeToString(deterministic=True))


if __name__ == "__main__":
    FILE.write_bytes(descriptors())
