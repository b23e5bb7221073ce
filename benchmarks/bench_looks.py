"""One look at a photo against looking again with a border, and always ten times, on the drawn photos: hands found,
joints' error, time.

    python benchmarks/bench_looks.py

Run it after `make repro`. The error is the mean distance of found from drawn joints, in palm lengths.
"""

import time
from pathlib import Path

import numpy as np
from accuracy import parameters

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, LandmarkModel
from handloom.hand import palm_length, picture_from_poses
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.reader import HandReader
from handloom.media.photos import read_photo

PHOTOS = Path("data/sample/photos")
SETTINGS = {
    "one look": ExtractKeypoints(tta_paddings=[]),
    "with paddings": ExtractKeypoints(),
    "thorough": parameters("extract_keypoints=thorough").extract_keypoints,
}


def main() -> None:
    rows = keypoint_table.read(PHOTOS.with_suffix(".parquet"))
    poses = keypoint_table.poses_of(rows)
    true = picture_from_poses(poses)
    sizes = list(zip(rows.column("width").to_pylist(), rows.column("height").to_pylist(), strict=True))
    pictures = [read_photo(PHOTOS / path, 1280).picture for path in rows.column("path").to_pylist()]
    seconds = {}
    for name, settings in SETTINGS.items():
        with HandReader(settings, landmark_model_path(LandmarkModel())) as reader:
            started = time.perf_counter()
            found = [reader.in_photo(picture).hand for picture in pictures]
            seconds[name] = time.perf_counter() - started
            errors = [
                np.linalg.norm((hand.points - true[row]) * sizes[row], axis=1).mean()
                / palm_length(poses[row : row + 1], *sizes[row])[0]
                for row, hand in enumerate(found)
                if hand
            ]
            print(
                f"{name:<13} {len(errors) / len(found):7.2%} found  mean error {np.mean(errors):.3f}  95 % below"
                f" {np.quantile(errors, 0.95):.3f} palm lengths  {1000 * seconds[name] / len(found):5.1f} ms a photo"
            )
    for name in list(SETTINGS)[1:]:
        print(f"ratio of times, {name}: {seconds[name] / seconds['one look']:.2f}")


if __name__ == "__main__":
    main()
