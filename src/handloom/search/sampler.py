"""A sampler that draws the same values for a trial whether or not the search was killed before it."""

from typing import Any
from zlib import crc32

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from typing_extensions import override


class SeededByTrial(BaseSampler):
    """Optuna's TPE, its seed made anew for every value of every trial.

    A search that goes on in a new process would else draw its first values again.

    Args:
        seed: of the search; None: 1.
        options: of `TPESampler`.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        self.seed = 1 if seed is None else seed
        self.options = options

    @override
    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    @override
    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    @override
    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        seed = crc32(f"{self.seed} {trial.number} {param_name}".encode())
        sampler = TPESampler(seed=seed, **self.options)
        return sampler.sample_independent(study, trial, param_name, param_distribution)
