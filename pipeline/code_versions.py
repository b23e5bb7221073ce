"""Stage code_versions: a hash of the code of each stage, so that DVC notices a change of it, and no comment."""

from pathlib import Path

from handloom.support.code import write_code_versions

if __name__ == "__main__":
    scripts = Path(__file__).resolve().parent
    write_code_versions(scripts, scripts.parent / "code_versions.yaml")
