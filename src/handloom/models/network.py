"""The network: one for photos (a window of one frame) and for clips.

Joints are mixed over a graph whose edges are learnt, starting from the skeleton (as in ST-GCN, Yan et al. 2018, and its
successors with learnt adjacency); the 21 joints then become one vector a frame, and plain convolutions mix over time.
That order keeps the expensive part, time, free of the factor 21.
"""

import torch
from torch import Tensor, nn

from handloom.config import Model
from handloom.hand import BONES, JOINT_COUNT, KNUCKLE_LINKS
from handloom.models.features import HandFeatures

GRAPHS = 4  # learnt graphs a layer; each mixes its own share of the features


def skeleton_graph() -> Tensor:
    """The hand's bones and knuckle links with self-loops, rows summing to 1: ``[21, 21]``."""
    graph = torch.eye(JOINT_COUNT)
    for one, other in (*BONES, *KNUCKLE_LINKS):
        graph[one, other] = graph[other, one] = 1.0
    return graph / graph.sum(dim=1, keepdim=True)


class SpatialLayer(nn.Module):
    """Mix joints over learnt graphs: ``[B, 21, width]`` to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.norm = nn.LayerNorm(width)
        self.values = nn.Linear(width, width)
        self.graphs = nn.Parameter(skeleton_graph() + 0.02 * torch.randn(GRAPHS, JOINT_COUNT, JOINT_COUNT))
        self.out = nn.Linear(width, width)

    def forward(self, joints: Tensor) -> Tensor:
        """Add what the graphs bring from other joints."""
        values = self.values(self.norm(joints)).reshape(-1, JOINT_COUNT, GRAPHS, self.width // GRAPHS)
        mixed = self.graphs @ values.transpose(1, 2)  # [B, graphs, 21, width / graphs]
        mixed = mixed.transpose(1, 2).reshape(-1, JOINT_COUNT, self.width)
        return joints + self.out(torch.relu(mixed))


class TemporalLayer(nn.Module):
    """Mix neighbouring frames: ``[N, features, T]`` to the same."""

    def __init__(self, features: int, dilation: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(features, features, kernel_size=3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(features)

    def forward(self, frames: Tensor, seen: Tensor) -> Tensor:
        """Add what comes from the frames before and after; those without a hand (seen 0) give nothing."""
        return frames + torch.relu(self.norm(self.mix(frames * seen)))


class HandNetwork(nn.Module):
    """Raw joints to class scores.

    Args:
        classes: how many.
        window: frames of a prediction.
        settings: sizes.

    Shape:
        ``[N, window, 3, 21]`` to ``[N, classes]``, before the softmax.
    """

    def __init__(self, classes: int, window: int, settings: Model) -> None:
        super().__init__()
        self.window, self.width = window, settings.width
        self.features = HandFeatures(window)
        self.joint_in = nn.Linear(self.features.joint_features, settings.width)
        self.joint_place = nn.Parameter(0.02 * torch.randn(JOINT_COUNT, settings.width))
        self.spatial = nn.Sequential(*(SpatialLayer(settings.width) for _ in range(settings.spatial_layers)))
        joint_numbers = JOINT_COUNT * settings.width + self.features.frame_features
        self.frame_norm = nn.LayerNorm(joint_numbers)
        self.frame_in = nn.Linear(joint_numbers, settings.frame_features)
        self.temporal = nn.ModuleList(
            TemporalLayer(settings.frame_features, dilation=2**layer) for layer in range(settings.temporal_layers)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.out = nn.Linear(2 * settings.frame_features, classes)

    def forward(self, poses: Tensor) -> Tensor:
        """Raw joints to class scores."""
        # Sizes are written out, not read from the tensors, so that the exported graph is a plain chain.
        joints, frames, seen = self.features(poses)
        joints = self.joint_in(joints) + self.joint_place  # [N, T, 21, width]
        joints = self.spatial(joints.reshape(-1, JOINT_COUNT, self.width))
        frames = torch.cat([joints.reshape(-1, self.window, JOINT_COUNT * self.width), frames], dim=-1)
        frames = self.dropout(torch.relu(self.frame_in(self.frame_norm(frames))))  # [N, T, frame_features]

        frames, seen = frames.transpose(1, 2), seen.transpose(1, 2)  # [N, frame_features, T], [N, 1, T]
        for layer in self.temporal:
            frames = layer(frames, seen)
        frames = frames * seen
        mean = frames.sum(dim=2) / seen.sum(dim=2).clamp(min=1.0)
        return self.out(self.dropout(torch.cat([mean, frames.amax(dim=2)], dim=1)))
