"""Augmentation on joints and their loss: whole batches at once, every number drawn from one generator.

The names are Create ML's; how strong each one is there is not documented, here it is a parameter.
Input and output are ``[N, T, 3, 21]`` as in `handloom.hand`; joints and frames that were not seen stay zero.
"""

import math

import torch
from torch import Tensor

from handloom.config import Augmentation, AugmentationOption
from handloom.hand import JOINT_COUNT, MIDDLE_MCP, PARENTS, WRIST

_PARENTS = torch.tensor(PARENTS)


def _chains() -> Tensor:
    """``[21, 21]``: 1 where the bone that ends at the row's joint lies between the wrist and the column's joint."""
    chains = torch.eye(JOINT_COUNT)
    for joint in range(1, JOINT_COUNT):  # a parent comes before its children
        chains[:, joint] += chains[:, PARENTS[joint]]
    return chains


_CHAINS = _chains()


def augment(
    poses: Tensor, options: list[AugmentationOption], strength: Augmentation, generator: torch.Generator
) -> Tensor:
    """Turn, scale, shift, mirror and disturb each example by its own random amount.

    Args:
        poses: ``[N, T, 3, 21]`` on the generator's device.
        options: which to apply; what other people's hands and a phone's camera always do (bones of other lengths, a
            oblique view, another aspect ratio, noise of the joints, losing joints and runs of frames) needs no
            naming.
        strength: how much at most.
        generator: source of all chance.
    """
    seen = poses[:, :, 2] > 0  # [N, T, 21]
    place = poses[:, :, :2]
    if strength.bone_length:
        place = place + _other_bones(place, seen, strength.bone_length, generator)
    if strength.joint_noise:
        noise = torch.randn(place.shape, generator=generator, device=generator.device)
        place = noise.mul_(strength.joint_noise * _palm_length(place, seen)).add_(place)
    drop_frames = strength.drop_frames if "drop_frames" in options else 0.0
    left = lose(seen, strength.joint_dropout, drop_frames, strength.hand_dropout, generator).float()
    x, y = place.unbind(2)
    matrix, shift = _random_maps(len(poses), options, strength, generator)
    moved = torch.empty_like(poses)
    for axis in range(2):
        moved[:, :, axis] = (matrix[axis, 0] * x + matrix[axis, 1] * y + shift[axis]) * left
    moved[:, :, 2] = poses[:, :, 2] * left
    return moved


def _random_maps(
    count: int, options: list[AugmentationOption], strength: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """All that turns, scales, shifts and mirrors an example, as one map of its places: matrix times place plus shift.

    Mirrored, sheared, turned, scaled and stretched about the picture's middle in this order, then shifted.

    Returns:
        matrices ``[2, 2, N, 1, 1]`` and shifts ``[2, N, 1, 1]``.
    """
    draws = torch.rand(7, count, 1, 1, generator=generator, device=generator.device)
    either_way = 2 * draws - 1
    flip = torch.where(draws[0] < (strength.horizontally_flip if "horizontally_flip" in options else 0.0), -1.0, 1.0)
    angle = (math.radians(strength.rotate) if "rotate" in options else 0.0) * either_way[1]
    size = 1 + (strength.scale if "scale" in options else 0.0) * either_way[2]
    stretch = torch.exp(0.5 * math.log(strength.stretch) * either_way[3])
    moved = (strength.translate if "translate" in options else 0.0) * either_way[4:6]
    shear = strength.shear * either_way[6]

    cosine, sine = size * torch.cos(angle), size * torch.sin(angle)
    across = torch.stack([stretch * cosine * flip, stretch * (shear * cosine - sine)])
    up = torch.stack([sine * flip / stretch, (shear * sine + cosine) / stretch])
    matrix = torch.stack([across, up])
    return matrix, 0.5 - 0.5 * matrix.sum(dim=1) + moved


def _other_bones(place: Tensor, seen: Tensor, spread: float, generator: torch.Generator) -> Tensor:
    """How joints move when each bone is longer or shorter by a random share: ``[N, T, 2, 21]``.

    A bone keeps its length through a window, as a person does; a joint moves with all bones between it and the wrist.
    """
    parents, chains = (one.to(place.device) for one in (_PARENTS, _CHAINS))
    known = (seen & seen[:, :, parents])[:, :, None]
    longer = spread * torch.randn(len(place), 1, 1, JOINT_COUNT, generator=generator, device=generator.device)
    return ((place - place[..., parents]) * known * longer) @ chains


def _palm_length(place: Tensor, seen: Tensor) -> Tensor:
    """Mean distance from the wrist to the middle knuckle over the frames with a hand: ``[N, 1, 1, 1]``."""
    both = seen[..., WRIST] & seen[..., MIDDLE_MCP]  # [N, T]
    x, y = (place[..., MIDDLE_MCP] - place[..., WRIST]).unbind(2)
    lengths = torch.hypot(x, y) * both
    return (lengths.sum(dim=1) / both.sum(dim=1).clamp(min=1))[:, None, None, None]


def lose(
    seen: Tensor, joint_dropout: float, drop_frames: float, hand_dropout: float, generator: torch.Generator
) -> Tensor:
    """Lose joints here and there, frames here and there, and a run of frames.

    How much of each is drawn again for every example, evenly from nothing to the most. Of an example's frames with a
    hand at least one is left.

    Args:
        seen: bool ``[N, T, 21]``, which joints there are.
        joint_dropout: the largest share of the joints.
        drop_frames: the largest share of the frames.
        hand_dropout: the longest run of frames, as a share of T.
        generator: source of all chance, on the device of `seen`.

    Returns:
        bool ``[N, T, 21]``, which joints are left.
    """
    count, window, _ = seen.shape
    device = generator.device
    share = torch.rand(4, count, 1, generator=generator, device=device)
    if joint_dropout:
        chance = torch.rand(seen.shape, generator=generator, device=device)
        seen = seen & (chance >= joint_dropout * share[0, :, :, None])
    if window == 1 or not (drop_frames or hand_dropout):
        return seen

    luck = torch.rand(count, window, generator=generator, device=device)
    kept = luck >= drop_frames * share[1]
    if hand_dropout:
        length = (share[2] * (int(hand_dropout * window) + 1)).long()
        begin = (share[3] * (window - length + 1)).long()
        frame = torch.arange(window, device=device)
        kept &= (frame < begin) | (frame >= begin + length)
    hand = seen.any(dim=2)
    luckiest = (luck * hand).amax(dim=1, keepdim=True)
    nothing_left = ~(kept & hand).any(dim=1, keepdim=True)
    kept |= nothing_left & (luck == luckiest)
    return seen & kept[:, :, None]
