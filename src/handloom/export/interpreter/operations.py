"""The table of all operations of ML programs that can be run: their types, as saved files name them.

Each takes NumPy arrays under the names of MIL's parameters, and has MIL's defaults. Floating values come as float32,
text as `str`; what comes out is rounded afterwards to the type that the program declares.
"""

from collections.abc import Callable, Mapping
from typing import Any

from handloom.export.interpreter.compressed_weights import COMPRESSED_WEIGHTS
from handloom.export.interpreter.elementwise_operations import ELEMENTWISE
from handloom.export.interpreter.shape_operations import SHAPES
from handloom.export.interpreter.summing_operations import SUMMING

OPERATIONS: Mapping[str, Callable[..., Any]] = {**COMPRESSED_WEIGHTS, **ELEMENTWISE, **SHAPES, **SUMMING}
