"""For scripts in `pipeline/` of projects that an older handloom made, which import this name; see `stage.py`."""


class Multirun:
    """Not used any more."""
