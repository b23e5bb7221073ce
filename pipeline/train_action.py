"""Stage train_action: a classifier for hand actions in clips."""

from handloom.stages.run import train
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, train, kind="action")
