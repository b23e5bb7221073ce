"""What stops a project that an older handloom made: its scripts and its first stage import this."""

import sys
from pathlib import Path

from handloom.config.errors import OF_AN_OLDER_HANDLOOM

sys.exit(f"{Path(sys.argv[0]).stem}: this project is {OF_AN_OLDER_HANDLOOM}")
