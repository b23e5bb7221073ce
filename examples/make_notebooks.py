"""Write the notebooks of the examples from their scripts: python examples/make_notebooks.py."""

import json
import re
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("01_first_model", "03_actions")


def notebook(script: Path) -> str:
    """The notebook of a script whose cells begin with `# %%`; without outputs."""
    cells = []
    for number, cell in enumerate(re.split(r"^# %%", script.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]):
        kind, _, text = cell.partition("\n")
        markdown = kind.strip() == "[markdown]"
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE) if markdown else text
        source = text.strip().splitlines(keepends=True)
        shared = {"id": f"cell-{number}", "metadata": {}, "source": source}
        code = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append({"cell_type": "markdown", **shared} if markdown else {**code, **shared})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name in NAMES:
        (HERE / f"{name}.ipynb").write_text(notebook(HERE / f"{name}.py"), encoding="utf-8")
