"""Stage train_pose: a classifier for hand poses in photos."""

from handloom.stages.run import train
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, train, kind="pose")
