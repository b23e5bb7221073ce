"""Windows from random places of clips: what an epoch sees of each."""

import torch
from torch import Tensor


def random_windows(
    frames: Tensor, starts: Tensor, lengths: Tensor, window: int, speed_change: float, generator: torch.Generator
) -> Tensor:
    """A window from a random place of each clip, played at a random speed.

    Args:
        frames: ``[F, 3, 21]``, clips one after another; on the generator's device or in the computer's memory.
        starts: ``[N]``, the first frame of each clip that is to be cut.
        lengths: ``[N]``, its frames, at least 1.
        window: frames to cut; a shorter clip is filled up at its end with zeros.
        speed_change: the speed is drawn from 1 - this to 1 + this (`interpolate_frames`).
        generator: source of all chance; `starts` and `lengths` are on its device.

    Returns:
        ``[N, window, 3, 21]`` on the generator's device. Between two frames with a hand joints are interpolated; beside
        one without, the nearer frame is taken.
    """
    device, last = generator.device, (lengths - 1)[:, None]
    draws = torch.rand(2, len(starts), 1, generator=generator, device=device)
    speed = 1 + speed_change * (2 * draws[0] - 1)
    room = (last - (window - 1) * speed).clamp(min=0)
    places = draws[1] * room + speed * torch.arange(window, device=device)  # [N, window], in frames
    earlier = torch.minimum(places.long(), last)
    share = (places - earlier)[:, :, None, None]
    rows = starts[:, None] + torch.stack([earlier, torch.minimum(earlier + 1, last)])
    first, second = _rows(frames, rows).unbind()

    both = (first[:, :, 2:] > 0) & (second[:, :, 2:] > 0)
    cut = first.lerp(second, torch.where(both, share, (share >= 0.5).float()))
    return cut.mul_((places <= last)[:, :, None, None])


def _rows(frames: Tensor, rows: Tensor) -> Tensor:
    """The frames of these rows, on the device of the rows."""
    taken = frames.flatten(1).index_select(0, rows.flatten().to(frames.device))
    return taken.to(rows.device).view(*rows.shape, *frames.shape[1:])
