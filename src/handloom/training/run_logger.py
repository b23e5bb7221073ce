"""Lightning's way to the MLflow run of a training, which `handloom.tracking` opens and keeps."""

from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only
from typing_extensions import override

from handloom import tracking


class RunLogger(Logger):
    """Logs the numbers of a training to its run and ends it.

    Args:
        run_id: of the run, as `handloom.tracking` knows it.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id

    @property
    @override
    def name(self) -> str:
        return "handloom"

    @property
    @override
    def version(self) -> str:
        return self.run_id

    @override
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run has all parameters since it was opened."""

    @override
    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        tracking.log_metrics(self.run_id, metrics, step or 0, once=True)

    @override
    @rank_zero_only
    def finalize(self, status: str) -> None:
        tracking.end_run(self.run_id, "FAILED" if status == "failed" else "FINISHED")
