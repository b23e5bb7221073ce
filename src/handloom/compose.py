"""Scripts in projects that an older handloom made import this, see `handloom.stage`."""

import handloom.stage  # noqa: F401
