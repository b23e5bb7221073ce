"""Loss and accuracy of an epoch, summed where the network runs, so that no batch waits for the processor."""

import torch
from torch import Tensor


class Sums:
    """The sums over the examples of one part.

    Args:
        device: where the network runs.
    """

    def __init__(self, device: torch.device | str) -> None:
        self.loss = torch.zeros((), device=device)
        self.right = torch.zeros((), device=device)
        self.count = 0

    def add(self, loss: Tensor, scores: Tensor, targets: Tensor) -> None:
        """Add a batch: its mean loss, ``[N, classes]`` scores and ``[N]`` class indices."""
        self.loss += loss.detach() * len(targets)
        self.right += (scores.argmax(dim=1) == targets).sum()
        self.count += len(targets)

    def vector(self) -> Tensor:
        """Loss, right answers and examples as one tensor, which may be summed over processes."""
        return torch.stack([self.loss, self.right, torch.full_like(self.loss, self.count)])
