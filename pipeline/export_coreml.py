"""Stage export_coreml: the trained model as files with Create ML's interface, and the proof that they are the same."""

from handloom.stages.run import export_coreml
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, export_coreml)
