"""The command line as a module: `python -m handloom` is `handloom`."""

import sys

from handloom.cli import main

if __name__ == "__main__":
    sys.exit(main())
