"""What a camera does not see: joints and frames that are lost at random."""

import torch
from torch import Tensor


def lose(
    seen: Tensor, lost_joints: float, drop_frames: float, lost_frames: float, generator: torch.Generator
) -> Tensor:
    """Lose joints here and there, frames here and there, and a run of frames.

    How much of each is drawn anew for every example, evenly from nothing to the most. Of an example's frames with a
    hand at least one is left.

    Args:
        seen: bool ``[N, T, 21]``, which joints there are.
        lost_joints: the largest share of the joints.
        drop_frames: the largest share of the frames.
        lost_frames: the longest run of frames, as a share of T.
        generator: source of all chance, on the device of `seen`.

    Returns:
        bool ``[N, T, 21]``, which joints are left.
    """
    count, window, _ = seen.shape
    device = generator.device
    share = torch.rand(4, count, 1, generator=generator, device=device)
    if lost_joints:
        chance = torch.rand(seen.shape, generator=generator, device=device)
        seen = seen & (chance >= lost_joints * share[0, :, :, None])
    if window == 1 or not (drop_frames or lost_frames):
        return seen

    luck = torch.rand(count, window, generator=generator, device=device)
    kept = luck >= drop_frames * share[1]
    if lost_frames:
        length = (share[2] * (int(lost_frames * window) + 1)).long()
        begin = (share[3] * (window - length + 1)).long()
        frame = torch.arange(window, device=device)
        kept &= (frame < begin) | (frame >= begin + length)
    hand = seen.any(dim=2)
    luckiest = (luck * hand).amax(dim=1, keepdim=True)
    nothing_left = ~(kept & hand).any(dim=1, keepdim=True)
    kept |= nothing_left & (luck == luckiest)
    return seen & kept[:, :, None]
