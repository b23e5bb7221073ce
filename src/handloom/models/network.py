"""The network: one for photos (a window of one frame) and for clips.

A few neighbouring frames are taken as one step, their features side by side. Joints are mixed over a graph whose
edges are learned. They start from the skeleton (as in ST-GCN, Yan et al. 2018, and its successors with learned
adjacency). The 21 joints then become one vector a step, and plain convolutions mix over time. That order keeps the
expensive parts small: graphs see a third of the frames, and time is free of the factor 21.
"""

import torch
from torch import Tensor, nn

from handloom.config import Model
from handloom.hand import BONES, JOINT_COUNT, KNUCKLE_LINKS
from handloom.models.features import HandFeatures

INITIAL_SCALE = 0.1  # of what a temporal layer adds
GRAPHS = 4  # learned graphs a layer; each mixes its own share of the features


def skeleton_graph() -> Tensor:
    """The hand's bones and knuckle links with self-loops, rows summing to 1: ``[21, 21]``."""
    graph = torch.eye(JOINT_COUNT)
    for one, other in (*BONES, *KNUCKLE_LINKS):
        graph[one, other] = graph[other, one] = 1.0
    return graph / graph.sum(dim=1, keepdim=True)


class SpatialLayer(nn.Module):
    """Mix joints over learned graphs: ``[B, 21, width]`` to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.norm = nn.LayerNorm(width)
        self.values = nn.Linear(width, width)
        self.graphs = nn.Parameter(skeleton_graph() + 0.02 * torch.randn(GRAPHS, JOINT_COUNT, JOINT_COUNT))
        self.out = nn.Linear(width, width)

    def forward(self, joints: Tensor) -> Tensor:
        """Add the features of other joints."""
        values = self.values(self.norm(joints)).reshape(-1, JOINT_COUNT, GRAPHS, self.width // GRAPHS)
        mixed = self.graphs @ values.transpose(1, 2)  # [B, graphs, 21, width / graphs]
        mixed = mixed.transpose(1, 2).reshape(-1, JOINT_COUNT, self.width)
        added: Tensor = self.out(torch.relu(mixed))
        return joints + added


class Steps(nn.Module):
    """Neighbouring frames as one step, their features side by side; the last step is filled up with empty frames.

    Args:
        window: frames, T.
        frames_per_step: how many are taken together, K; the steps are S = T / K, rounded up.

    Shape:
        joints ``[N, T, 21, C]`` to ``[N, S, 21, K C]``; frames ``[N, T, C]`` to ``[N, S, K C]``; seen ``[N, T, 1]`` to
        ``[N, S, 1]``.
    """

    def __init__(self, window: int, frames_per_step: int, joint_features: int, frame_features: int) -> None:
        super().__init__()
        self.together = min(frames_per_step, window)
        self.count = -(-window // self.together)
        self.missing = self.count * self.together - window
        self.joint_features, self.frame_features = joint_features, frame_features

    def forward(self, joints: Tensor, frames: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frames to steps."""
        if self.missing:
            joints = nn.functional.pad(joints, (0, 0, 0, 0, 0, self.missing))
            frames, seen = (nn.functional.pad(one, (0, 0, 0, self.missing)) for one in (frames, seen))
        joints = joints.reshape(-1, self.count, self.together, JOINT_COUNT, self.joint_features).transpose(2, 3)
        return (
            joints.reshape(-1, self.count, JOINT_COUNT, self.together * self.joint_features),
            frames.reshape(-1, self.count, self.together * self.frame_features),
            seen.reshape(-1, self.count, self.together).amax(dim=2, keepdim=True),
        )


class TemporalLayer(nn.Module):
    """Mix neighbouring steps: ``[N, features, S]`` to the same.

    There is no normalisation. Each layer starts as a small addition, scaled by `INITIAL_SCALE` (as in SkipInit, De and
    Smith 2020), so the network trains without it. Batch normalisation made the result depend on the other clips of a
    batch: with few clips it did not converge, and its running variances came near zero.
    """

    def __init__(self, features: int, dilation: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(features, features, kernel_size=3, padding=dilation, dilation=dilation, bias=False)
        self.scale = nn.Parameter(torch.full((features, 1), INITIAL_SCALE))
        self.shift = nn.Parameter(torch.zeros(features, 1))

    def forward(self, steps: Tensor, seen: Tensor) -> Tensor:
        """Add the features of neighbouring steps; those without a hand (seen 0) add nothing."""
        return steps + torch.relu(self.mix(steps * seen) * self.scale + self.shift)


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
        self.width = width = settings.width
        self.features = HandFeatures(window)
        joint_features, frame_features = self.features.joint_features, self.features.frame_features
        self.steps = Steps(window, settings.frames_per_step, joint_features, frame_features)
        self.joint_in = nn.Linear(self.steps.together * joint_features, width)
        self.joint_place = nn.Parameter(0.02 * torch.randn(JOINT_COUNT, width))
        self.spatial = nn.Sequential(*(SpatialLayer(width) for _ in range(settings.spatial_layers)))
        self.hand_norm = nn.LayerNorm(JOINT_COUNT * width)
        self.hand_in = nn.Linear(JOINT_COUNT * width, settings.frame_features)
        # The hand's way through the picture goes past the norm, which would hide how far it is.
        self.path_in = nn.Linear(self.steps.together * frame_features, settings.frame_features, bias=False)
        self.temporal = nn.ModuleList(
            TemporalLayer(settings.frame_features, dilation=2**layer) for layer in range(settings.temporal_layers)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.out = nn.Linear(2 * settings.frame_features, classes)

    def forward(self, poses: Tensor) -> Tensor:
        """Raw joints to class scores."""
        # Sizes are written out, not read from the tensors, so that the exported graph is a plain chain.
        joints, path, seen = self.steps(*self.features(poses))
        joints = self.joint_in(joints) + self.joint_place  # [N, S, 21, width]
        joints = self.spatial(joints.reshape(-1, JOINT_COUNT, self.width))
        hands = joints.reshape(-1, self.steps.count, JOINT_COUNT * self.width)
        steps = self.dropout(torch.relu(self.hand_in(self.hand_norm(hands)) + self.path_in(path)))

        steps, seen = steps.transpose(1, 2), seen.transpose(1, 2)  # [N, frame_features, S], [N, 1, S]
        for layer in self.temporal:
            steps = layer(steps, seen)
        steps = steps * seen
        mean = steps.sum(dim=2) / seen.sum(dim=2).clamp(min=1.0)
        scores: Tensor = self.out(self.dropout(torch.cat([mean, steps.amax(dim=2)], dim=1)))
        return scores
