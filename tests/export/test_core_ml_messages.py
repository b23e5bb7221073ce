"""Core ML's messages, which are read without coremltools, are coremltools' own."""

from write_core_ml_messages import descriptors

from handloom.export.core_ml_messages import FILE


def test_they_are_those_of_the_installed_coremltools() -> None:
    assert FILE.read_bytes() == descriptors(), "run tests/export/write_core_ml_messages.py"
