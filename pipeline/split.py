"""Stage split: which examples are for training, validation and testing."""

from handloom.stages.run import split
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, split)
