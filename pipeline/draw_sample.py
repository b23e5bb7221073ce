"""Draw the embedded data set: photos or clips of hands, and the table of their true joints."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.sample import draw_clips, draw_photos

    sample, folder = parameters.sample, Path("data/sample")
    if kind == "pose":
        gestures, out, per_class, draw = (
            folder / "gestures/pose",
            folder / "photos",
            sample.photos_per_class,
            draw_photos,
        )
    else:
        gestures, out, per_class, draw = (
            folder / "gestures/action",
            folder / "clips",
            sample.clips_per_class,
            draw_clips,
        )
    draw(gestures, out, out.with_suffix(".parquet"), seed=sample.seed, people=sample.people, per_class=per_class)


if __name__ == "__main__":
    run_stage(__file__, main)
