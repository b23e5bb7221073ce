"""The first stage of projects that an older handloom made, see `handloom.stage`."""

import handloom.stage  # noqa: F401
