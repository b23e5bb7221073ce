"""A case for each layer that the interpreter knows, in the same four parts as the layers."""

import axis_cases
import elementwise_cases
import shape_cases
import spatial_cases
from layer_trials import Case

# The layer's type, and after a stroke what is special about the case.
CASES: dict[str, Case] = {
    **elementwise_cases.CASES,
    **shape_cases.CASES,
    **spatial_cases.CASES,
    **axis_cases.CASES,
}
