"""A logged model as MLflow loads it: by its name, where handloom is installed, and without pickle.

model = mlflow.pyfunc.load_model("models:/handloom-pose@champion")
model.predict({"poses": poses})    # float32 [N, window, 3, 21]: a DataFrame with N rows, one column per class
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from handloom.models.checkpoint import load_model
from handloom.models.model import Model


class HandModel:
    """Probabilities of the classes, calibrated as in training.

    Args:
        model: what gives them.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, model_input: Mapping[str, Any]) -> pd.DataFrame:
        """Of ``poses`` ``[N, window, 3, 21]`` a table with a row each and one column per class."""
        poses = np.ascontiguousarray(model_input["poses"], np.float32)
        return pd.DataFrame(self.model.probabilities(poses), columns=self.model.spec.classes)


def _load_pyfunc(path: str) -> HandModel:
    """What MLflow calls with `model.ckpt`, of which only tensors and plain types are read."""
    return HandModel(load_model(Path(path)))
