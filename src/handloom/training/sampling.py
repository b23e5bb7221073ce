"""In which order, and how often, an epoch shows its examples."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handloom.errors import ConfigurationError


def shuffled(targets: Tensor, generator: torch.Generator) -> Tensor:
    """Each of the N examples once: a random order of 0 to N - 1, on the generator's device."""
    return torch.randperm(len(targets), generator=generator, device=generator.device)


def balanced(targets: Tensor, generator: torch.Generator) -> Tensor:
    """N draws with replacement in which every class is equally likely, and so is each example of a class.

    Args:
        targets: int64 ``[N]``, the class of each example, on the generator's device.
        generator: source of all chance.

    Returns:
        int64 ``[N]``, examples; some come several times, some not at all.
    """
    by_class = torch.argsort(targets, stable=True)
    _, counts = torch.unique_consecutive(targets[by_class], return_counts=True)
    firsts = counts.cumsum(0) - counts
    drawn = torch.randint(len(counts), targets.shape, generator=generator, device=generator.device)
    member = torch.randint(2**31, targets.shape, generator=generator, device=generator.device) % counts[drawn]
    return by_class[firsts[drawn] + member]


def shared(names: Sequence[str], shares: Mapping[str, float]) -> Tensor:
    """What chance examples of joined sources have in each draw, so that every source gets its share.

    Args:
        names: of the N examples.
        shares: of all draws, by source; the sources that are not named share what is left by their numbers.

    Returns:
        float64 ``[N]``, summing to 1.

    Raises:
        ConfigurationError: a named source has no example, or nothing is left for the others, or they leave something.
    """
    sources = sources_of(names)
    chances = np.zeros(len(sources))
    others = np.ones(len(sources), bool)
    for source, share in shares.items():
        own = sources == source
        if not own.any():
            raise ConfigurationError(
                f"source_shares.{source}: no example to learn from is of a joined source of this name"
            )
        chances[own] = share / own.sum()
        others &= ~own
    left = 1 - sum(shares.values())
    if (left > 1e-9) != bool(others.any()) or left < -1e-9:
        raise ConfigurationError(
            f"source_shares: together {1 - left:g}; they must leave something for other sources, and be 1 without any"
        )
    chances[others] = left / max(int(others.sum()), 1)
    return torch.from_numpy(chances)


def sources_of(names: Sequence[str]) -> NDArray[np.str_]:
    """The joined source of each example: it stands before the first slash of its name, ``[N]``."""
    return np.array([name.split("/", 1)[0] for name in names])


def drawn(chances: Tensor, generator: torch.Generator) -> Tensor:
    """N draws with replacement, with chances float64 ``[N]``: int64 ``[N]``."""
    ends = chances.cumsum(0)
    luck = torch.rand(len(chances), dtype=torch.float64, generator=generator, device=generator.device)
    return torch.searchsorted(ends, luck * ends[-1]).clamp(max=len(chances) - 1)
