"""Stage extract_keypoints: labelled photos or clips to a keypoint table."""

from pathlib import Path

from handloom.config import Kind, Parameters
from handloom.stages.script import run_stage


def main(parameters: Parameters, kind: Kind) -> None:
    from handloom.extraction.extract import extract_keypoints
    from handloom.support.workspace import Workspace

    report = extract_keypoints(
        parameters.source(kind),
        parameters.extract_keypoints,
        kind,
        table=Path(f"data/keypoints/{kind}.parquet"),
        folder=Path(f"data/keypoints/{kind}"),
        cache_file=Workspace.here().keypoint_cache,
    )
    print(report.as_text())


if __name__ == "__main__":
    run_stage(__file__, main)
