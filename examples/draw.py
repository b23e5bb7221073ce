"""Draw the photos and clips of the examples: python draw.py FOLDER. Your own photos would lie there the same way."""

import shutil
import sys
from pathlib import Path

from handloom.sample import draw_clips, draw_photos

GESTURES = Path(__file__).resolve().parents[1] / "data/sample/gestures"
POSES, ACTIONS = ("background", "five", "one", "zero"), ("background", "grab", "swipe_left")


def photos(folder: str | Path, per_class: int = 12, seed: int = 1) -> Path:
    """Draw photos of four classes: FOLDER/five/person_00-0001.jpg and so on."""
    return _draw(Path(folder), "pose", POSES, per_class, seed)


def clips(folder: str | Path, per_class: int = 8, seed: int = 1) -> Path:
    """Draw clips of three actions: FOLDER/grab/person_00-0001.mp4 and so on."""
    return _draw(Path(folder), "action", ACTIONS, per_class, seed)


def _draw(folder: Path, kind: str, names: tuple[str, ...], per_class: int, seed: int) -> Path:
    if folder.exists():
        return folder
    described = folder.with_name(f"{folder.name}_described")
    described.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(GESTURES / kind / f"{name}.yaml", described)
    draw = draw_photos if kind == "pose" else draw_clips
    draw(described, folder, folder.with_suffix(".parquet"), seed=seed, people=6, per_class=per_class)
    return folder


if __name__ == "__main__":
    for name in sys.argv[1:]:
        (clips if "clips" in name else photos)(name, seed=2 if "test" in name else 1)
