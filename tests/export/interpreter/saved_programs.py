"""Programs that tests build with coremltools' own builder, converted as they are."""

from typing import Any

import coremltools

from handloom.export.libraries import quiet


def convert_program(program: Any, opset: str = "iOS15") -> Any:
    """A `coremltools.models.MLModel` of a MIL program: no pass changes its operations."""
    with quiet():
        return coremltools.convert(
            program,
            convert_to="mlprogram",
            compute_precision=coremltools.precision.FLOAT32,
            pass_pipeline=coremltools.PassPipeline.EMPTY,
            minimum_deployment_target=getattr(coremltools.target, opset),
            skip_model_load=True,
        )
