"""Augmentation on joints: whole batches at once, every number drawn from one generator.

The names are Create ML's; how strong each one is there is not documented, here it is a parameter.
Input and output are ``[N, T, 3, 21]`` as in `handloom.hand`; joints and frames that were not seen stay zero.
"""

import math

import torch
from torch import Tensor

from handloom.config import Augmentation, AugmentationOption
from handloom.hand import MIDDLE_MCP, WRIST


def random_windows(
    clips: Tensor, lengths: Tensor, window: int, speed_change: float, generator: torch.Generator
) -> Tensor:
    """A window from a random place of each clip, played at a random speed.

    Args:
        clips: ``[N, T, 3, 21]``, filled up with zeros behind each clip's end.
        lengths: ``[N]``, frames of each clip.
        window: frames to cut; a shorter clip is filled up at its end with zeros.
        speed_change: the speed is drawn from 1 - this to 1 + this (`interpolate_frames`).
        generator: source of all chance.

    Returns:
        ``[N, window, 3, 21]``. Between two frames with a hand joints are interpolated; beside one without, the nearer
        frame is taken.
    """
    count = len(clips)
    speed = 1 + speed_change * (2 * _uniform(count, generator) - 1)
    room = (lengths - 1 - (window - 1) * speed).clamp(min=0)
    start = _uniform(count, generator) * room
    places = start[:, None] + speed[:, None] * torch.arange(window)  # [N, window], in frames
    inside = places <= (lengths - 1)[:, None]
    earlier = torch.minimum(places.floor().long(), (lengths - 1)[:, None])
    later = torch.minimum(earlier + 1, (lengths - 1)[:, None])
    share = (places - earlier)[:, :, None, None]

    row = torch.arange(count)[:, None]
    first, second = clips[row, earlier], clips[row, later]
    nearer = torch.where(share < 0.5, first, second)
    both = (first[:, :, 2:] > 0) & (second[:, :, 2:] > 0)
    between = torch.where(both, first + share * (second - first), nearer)
    return between * inside[:, :, None, None]


def augment(
    poses: Tensor, options: list[AugmentationOption], strength: Augmentation, generator: torch.Generator
) -> Tensor:
    """Turn, scale, shift, mirror and disturb each example by its own random amount.

    Args:
        poses: ``[N, T, 3, 21]``.
        options: which to apply; what a camera always does (aspect ratio, noise of the joints) needs no naming.
        strength: how much at most.
        generator: source of all chance.
    """
    count = len(poses)
    known = poses[:, :, 2:] > 0  # [N, T, 1, 21]
    place = poses[:, :, :2] - 0.5  # about the picture's middle
    palm = _palm_length(place, known)

    place = place + strength.joint_noise * palm * torch.randn(place.shape, generator=generator)
    if "horizontally_flip" in options:
        sides = torch.where(_uniform(count, generator) < 0.5, -1.0, 1.0)
        place = place * torch.stack([sides, torch.ones(count)], dim=1)[:, None, :, None]
    if "rotate" in options:
        place = _rotation(math.radians(strength.rotate) * _symmetric(count, generator)) @ place
    if "scale" in options:
        place = place * (1 + strength.scale * _symmetric(count, generator))[:, None, None, None]
    stretch = torch.exp(0.5 * math.log(strength.stretch) * _symmetric(count, generator))
    place = place * torch.stack([stretch, 1 / stretch], dim=1)[:, None, :, None]
    if "translate" in options:
        place = place + strength.translate * (2 * torch.rand(count, 1, 2, 1, generator=generator) - 1)
    if "drop_frames" in options:
        share = strength.drop_frames * _uniform(count, generator)
        kept = torch.rand(poses.shape[:2], generator=generator) >= share[:, None]
        known = known & kept[:, :, None, None]
    return torch.cat([place + 0.5, poses[:, :, 2:]], dim=2) * known


def _palm_length(place: Tensor, known: Tensor) -> Tensor:
    """Mean distance from the wrist to the middle knuckle over the frames with a hand: ``[N, 1, 1, 1]``."""
    seen = known[..., WRIST] & known[..., MIDDLE_MCP]  # [N, T, 1]
    lengths = (place[..., MIDDLE_MCP] - place[..., WRIST]).norm(dim=2, keepdim=True) * seen
    return (lengths.sum(dim=1) / seen.sum(dim=1).clamp(min=1))[:, :, None, None]


def _rotation(angles: Tensor) -> Tensor:
    """Rotation matrices ``[N, 1, 2, 2]`` for angles ``[N]`` in radians."""
    cosine, sine = torch.cos(angles), torch.sin(angles)
    return torch.stack([torch.stack([cosine, -sine], dim=1), torch.stack([sine, cosine], dim=1)], dim=1)[:, None]


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator)


def _symmetric(count: int, generator: torch.Generator) -> Tensor:
    return 2 * _uniform(count, generator) - 1
