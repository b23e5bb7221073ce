"""Draw the embedded data set: photos or clips of hands, and the table of their true joints."""

from handloom.config import Kind, Parameters
from handloom.stages.layout import Layout
from handloom.stages.script import run_stage
from handloom.support.workspace import Workspace


def draw_sample(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> None:
    from handloom.sample import draw_clips, draw_photos

    sample, folder = parameters.sample, workspace.project / "data/sample"
    if kind == "pose":
        name, per_class, draw = "photos", sample.photos_per_class, draw_photos
    else:
        name, per_class, draw = "clips", sample.clips_per_class, draw_clips
    out = folder / name
    draw(
        folder / "gestures" / kind,
        out,
        out.with_suffix(".parquet"),
        seed=sample.seed,
        people=sample.people,
        per_class=per_class,
    )


if __name__ == "__main__":
    run_stage(__file__, draw_sample)
