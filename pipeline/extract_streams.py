"""Stage extract_streams: joints of whole recordings of the validation and test set, with the time of each gesture."""

from handloom.stages.run import extract_streams
from handloom.stages.script import run_stage

if __name__ == "__main__":
    run_stage(__file__, extract_streams)
