"""Confidence intervals of an accuracy."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

RESAMPLES = 2000
FEWEST_PEOPLE = 5  # with fewer, a bootstrap over people says too little


def accuracy_interval(right: Sequence[bool], people: Sequence[str]) -> tuple[float, float]:
    """The 95 % interval of the share of right answers.

    Answers for one person go wrong together, so people are drawn rather than examples (a cluster bootstrap, see Field
    and Welsh 2007). It is never narrower than Wilson's interval, which takes the examples as independent: where every
    answer is right, a bootstrap has no width.

    Args:
        right: ``[N]``, whether each answer is right; at least one.
        people: ``[N]``, who is in each example.
    """
    low, high = wilson(sum(right), len(right))
    names, of = np.unique(np.asarray(people), return_inverse=True)
    if FEWEST_PEOPLE <= len(names) < len(right):
        counts = np.bincount(of)
        hits = np.bincount(of, weights=np.asarray(right, float))
        drawn = np.random.default_rng(1).integers(len(names), size=(RESAMPLES, len(names)))
        shares = hits[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
        low, high = min(low, float(np.quantile(shares, 0.025))), max(high, float(np.quantile(shares, 0.975)))
    return low, high


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval (1927) of a share; `count` is at least 1."""
    found = binomtest(right, count).proportion_ci(method="wilson")
    return float(found.low), float(found.high)
