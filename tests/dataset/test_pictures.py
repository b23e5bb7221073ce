"""Pictures of examples, out of the photos and clips that are there now."""

from pathlib import Path

import numpy as np
from clip_files import write_clip

from handloom.dataset.pictures import Pictures, View
from handloom.sources import Clip


def test_a_clip_that_became_shorter_than_its_frame_has_no_picture(tmp_path: Path) -> None:
    write_clip(tmp_path / "wave.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 6)
    pictures = Pictures(lambda: [Clip(tmp_path, "wave.mp4", "wave", "anna")], "action", 30.0)

    def view(frame: int) -> View:
        poses = np.full((3, 21), 0.5, np.float32)
        return View("wave.mp4", "wave", number=0, of=1, frame=frame, poses=poses, width=64, height=64)

    assert pictures.picture(view(2), 64) is not None
    assert pictures.picture(view(40), 64) is None
    assert pictures.data_uri(view(40)).startswith("data:image/jpeg")
