"""How the rate of learning changes over the iterations."""

import math

from handloom.config import Training


def rate_share(settings: Training, iteration: int) -> float:
    """The share of `optimizer.lr` that an iteration (0, 1, ...) learns at.

    It rises linearly through the warm-up; then it stays at 1, or falls to 0 along half a cosine, which it would reach
    one iteration after the last.
    """
    warmup = int(settings.optimizer.warmup * settings.maximum_iterations)
    if iteration < warmup:
        return (iteration + 1) / (warmup + 1)
    if settings.optimizer.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (iteration - warmup) / (settings.maximum_iterations - warmup)))
