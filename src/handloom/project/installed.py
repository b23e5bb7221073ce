"""The first stage of projects that an older handloom made: it says what to do with them."""

import sys

if __name__ == "__main__":
    sys.exit(
        "installed_handloom: an older handloom made this project; type `handloom init NEW_FOLDER`, and move data/ and"
        " the settings at the end of conf/config.yaml there"
    )
