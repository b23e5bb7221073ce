"""Stage extract_keypoints: labelled photos or clips to a keypoint table."""

from handloom.stages.run import extract_keypoints
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, extract_keypoints)
