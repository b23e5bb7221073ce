"""Pictures of the test set's answers for MLflow; the same answers give the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn.metrics import confusion_matrix

from handloom.evaluation.answers import Answer
from handloom.models.calibration import ConfidenceBin
from handloom.pictures.text import font_file, showable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERED = 30  # classes; with more, numbers in the cells cannot be read


def draw_plots(
    answers: Sequence[Answer], labels: Sequence[str], bins: Sequence[ConfidenceBin], folder: Path
) -> list[Path]:
    """Write `confusion.png` and `reliability.png`; the files."""
    figures = {"confusion": _confusion(answers, labels), "reliability": _reliability(bins)}
    files = []
    for name, figure in figures.items():
        files.append(folder / f"{name}.png")
        figure.savefig(files[-1], dpi=100, bbox_inches="tight", metadata={"Software": None})
    return files


def _confusion(answers: Sequence[Answer], labels: Sequence[str]) -> "Figure":
    """Examples with a hand, one row per true class, coloured by their share of it."""
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    found = [answer for answer in answers if answer.hand_found]
    counts = confusion_matrix(
        [answer.label for answer in found], [answer.predicted for answer in found], labels=list(labels)
    )
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    size = max(4.0, 0.4 * len(labels))
    figure = Figure(figsize=(size + 1, size))
    axes = figure.add_subplot(xlabel="predicted", ylabel="true class", title="Confusion")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    shown = [showable(label) for label in labels]
    texts = [label.replace("$", r"\$") for label in shown]  # dollars would be read as formulas
    axes.set_xticks(range(len(labels)), texts, rotation=90)
    axes.set_yticks(range(len(labels)), texts)
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        for tick, label in zip(ticks, shown, strict=True):
            if file := font_file(label):
                tick.set_fontproperties(FontProperties(fname=file))
    if len(labels) <= NUMBERED:
        for row, column in zip(*counts.nonzero(), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    return figure


def _reliability(bins: Sequence[ConfidenceBin]) -> "Figure":
    """How often answers of a confidence are right; on the diagonal confidence means what it says."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5))
    axes = figure.add_subplot(xlabel="confidence", ylabel="right", title="Reliability", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--")
    axes.bar(
        [one.start for one in bins],
        [one.accuracy for one in bins],
        [one.end - one.start for one in bins],
        align="edge",
        edgecolor="white",
    )
    axes.plot([one.mean_confidence for one in bins], [one.accuracy for one in bins], "o", color="black")
    for one in bins:
        axes.annotate(
            str(one.count), (one.mean_confidence, one.accuracy), (0, 5), textcoords="offset points", ha="center"
        )
    return figure
