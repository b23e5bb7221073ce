"""Features of the joints: normalised position and size, missing joints masked; part of the exported model.

An app feeds raw Vision arrays, so nothing may be normalised outside. Every quantity is in palm lengths, relative to the
hand's own centre, and zero where no joint was seen.
"""

import torch
from torch import Tensor, nn

from handloom.hand import PALM, PARENTS, PATH_SCALE, SMALLEST_PALM

# Frames between the two ends of a slow motion; with the change from frame to frame it tells a move from a tremble
# (two scales of motion, as in DD-Net, Yang et al. 2019).
SLOW = 4


class HandFeatures(nn.Module):
    """Joints to features.

    Args:
        window: frames of a prediction; with 1 there is no motion to see.

    Shape:
        input ``[N, T, 3, 21]``: x, y (fractions of the picture, origin at the lower left), confidence.
        outputs: joints ``[N, T, 21, joint_features]``, frames ``[N, T, frame_features]``, and seen ``[N, T, 1]``, 1
        where the frame has a hand.
    """

    parents: Tensor  # [21, 21]: row j picks the parent of joint j
    palm: Tensor  # [21, 1]: 1 at the joints of the palm

    def __init__(self, window: int) -> None:
        super().__init__()
        self.motion, self.slow = window > 1, window > SLOW
        self.joint_features = 7 if self.motion else 5  # place, bone, seen, and the place's motion
        # Seen; and the centre's path and its change, quick and slow; and the size and its slow change.
        self.frame_features = 9 if self.motion else 1
        parents = torch.zeros(len(PARENTS), len(PARENTS))
        parents[torch.arange(len(PARENTS)), torch.tensor(PARENTS)] = 1.0
        palm = torch.zeros(len(PARENTS), 1)
        palm[list(PALM)] = 1.0
        self.register_buffer("parents", parents, persistent=False)
        self.register_buffer("palm", palm, persistent=False)

    def forward(self, poses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Raw joints to features of joints and frames."""
        joints = poses.transpose(2, 3)  # [N, T, 21, 3]
        known = (joints[..., 2:] > 0).to(poses.dtype)  # [N, T, 21, 1]
        place = joints[..., :2] * known
        seen = known.amax(dim=2)  # [N, T, 1]

        palm = self.palm * known  # [N, T, 21, 1]
        palm_joints = palm.sum(dim=2).clamp(min=1.0)  # [N, T, 1]
        centre = (place * palm).sum(dim=2) / palm_joints  # [N, T, 2]
        local = (place - centre.unsqueeze(2)) * known  # [N, T, 21, 2]

        # One size for the whole window, so that a hand that comes nearer still grows.
        spread = (local.abs() * palm).sum(dim=(2, 3)) / palm_joints.squeeze(-1)  # [N, T]
        frames = seen.sum(dim=1).clamp(min=1.0)  # [N, 1]
        # The smallest size also keeps float16 from overflowing.
        size = (spread.sum(dim=1, keepdim=True) / frames).clamp(min=SMALLEST_PALM)  # [N, 1]
        local = local / size[:, :, None, None]

        bone = (local - self.parents @ local) * (known * (self.parents @ known))
        joint_parts, frame_parts = [local, bone, known], [seen]
        if self.motion:
            middle = (centre * seen).sum(dim=1, keepdim=True) / frames.unsqueeze(1)  # [N, 1, 2]
            path = (centre - middle) * seen / size.unsqueeze(-1)  # [N, T, 2]
            growth = (spread / size - 1).unsqueeze(-1) * seen  # [N, T, 1]
            joint_parts.append(_change(local, known))
            frame_parts += [PATH_SCALE * path, _change(path, seen), growth]
            # A window of a few frames has no slow motion: its features stay, so that they mean the same in any window.
            frame_parts += [_change(one, seen, SLOW) if self.slow else torch.zeros_like(one) for one in (path, growth)]
        return torch.cat(joint_parts, dim=-1), torch.cat(frame_parts, dim=-1), seen


def _change(values: Tensor, known: Tensor, frames: int = 1) -> Tensor:
    """From some frames before to this one, ``[N, T, ..., C]``; zero where either is unknown, and in the first ones."""
    change = (values[:, frames:] - values[:, :-frames]) * (known[:, frames:] * known[:, :-frames])
    return torch.cat([torch.zeros_like(values[:, :frames]), change], dim=1)
