"""Types of parameters: what several sections share."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

Kind = Literal["pose", "action"]
KINDS: tuple[Kind, ...] = ("pose", "action")
ModelFormat = Literal["mlpackage", "mlmodel", "aimodel", "onnx", "tflite", "task"]

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

PositiveInt = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Workers = Annotated[int, Field(ge=-1)]
Text = Annotated[str, Field(min_length=1)]
