"""ST-GCN, written from its paper: Yan, Xiong and Lin, Spatial Temporal Graph Convolutional Networks, AAAI 2018.

Nine units; in each, joints are mixed over three fixed graphs (the joint itself, joints nearer to the hand's middle,
joints farther from it: the paper's spatial configuration partitioning) whose edges have learned weights, then nine
frames are convolved. Two units halve the frames. `width` is that of all units; the paper doubles it twice, which would
make it slower still.
"""

import torch
from torch import Tensor, nn

from handloom.hand import BONES, JOINT_COUNT, MIDDLE_MCP

UNITS, FRAMES, HALVING = 9, 9, (3, 6)


def partitions() -> Tensor:
    """The three graphs, each divided by the joints that it brings together: ``[3, 21, 21]``."""
    linked = torch.eye(JOINT_COUNT, dtype=torch.bool)
    for one, other in BONES:
        linked[one, other] = linked[other, one] = True
    hops, reached = torch.full((JOINT_COUNT,), JOINT_COUNT), torch.eye(JOINT_COUNT, dtype=torch.bool)[MIDDLE_MCP]
    for distance in range(JOINT_COUNT):
        hops[reached & (hops == JOINT_COUNT)] = distance
        reached = (reached.float() @ linked.float()) > 0
    graphs = torch.stack(
        [
            linked & (hops[:, None] == hops),
            linked & (hops[:, None] > hops),
            linked & (hops[:, None] < hops),
        ]
    ).float()
    return graphs / linked.sum(dim=1)[:, None]


class Unit(nn.Module):
    """``[N, channels, T, 21]`` to ``[N, width, T or T / 2, 21]``."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(channels, 3 * width, kernel_size=1)
        self.importance = nn.Parameter(torch.ones(3, JOINT_COUNT, JOINT_COUNT))
        self.time = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, (FRAMES, 1), (stride, 1), (FRAMES // 2, 0)),
            nn.BatchNorm2d(width),
            nn.Dropout(0.5),
        )
        same = channels == width and stride == 1
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(nn.Conv2d(channels, width, 1, (stride, 1)), nn.BatchNorm2d(width))
        )

    def forward(self, values: Tensor, graphs: Tensor) -> Tensor:
        """Mix joints, then frames."""
        spread = self.spread(values).unflatten(1, (3, -1))  # [N, 3, width, T, 21]
        mixed = torch.einsum("nkctv,kwv->nctw", spread, graphs * self.importance)
        return torch.relu(self.time(mixed) + self.shortcut(values))


class STGCN(nn.Module):
    """``[N, T, 3, 21]`` to class scores ``[N, classes]``."""

    graphs: Tensor

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.register_buffer("graphs", partitions())
        self.norm = nn.BatchNorm1d(3 * JOINT_COUNT)
        self.units = nn.ModuleList(
            Unit(width if unit else 3, width, stride=2 if unit in HALVING else 1) for unit in range(UNITS)
        )
        self.out = nn.Linear(width, classes)

    def forward(self, poses: Tensor) -> Tensor:
        """Raw joints to class scores."""
        values = self.norm(poses.flatten(2).transpose(1, 2)).unflatten(1, (3, JOINT_COUNT)).transpose(2, 3)
        for unit in self.units:
            values = unit(values, self.graphs)
        scores: Tensor = self.out(values.mean(dim=(2, 3)))
        return scores
