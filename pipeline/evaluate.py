"""Stage evaluate: how well the model does on the test set."""

from handloom.stages.run import evaluate
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, evaluate)
