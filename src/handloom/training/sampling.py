"""In which order, and how often, an epoch shows its examples."""

import torch
from torch import Tensor


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
