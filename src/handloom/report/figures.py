"""Plots as SVG that lies within a page: text in the page's colour, the same numbers give the same bytes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from handloom.models.calibration import ConfidenceBin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Readable on white and on a dark page, and apart for people who see few colours (Okabe and Ito 2008).
BLUE, ORANGE = "#0072b2", "#d55e00"


@dataclass(frozen=True)
class Curve:
    """A line: where it has no value yet, None."""

    name: str
    values: Sequence[float | None]
    dashed: bool = False


def learning_curves(iterations: Sequence[int], curves: Sequence[Curve], quantity: str) -> str:
    """A quantity by the iteration, for training and, where there is one, for validation."""

    def draw(axes: "Axes") -> None:
        for curve, colour in zip(curves, (BLUE, ORANGE), strict=False):
            points = [(at, value) for at, value in zip(iterations, curve.values, strict=True) if value is not None]
            axes.plot(
                *zip(*points, strict=True), color=colour, label=curve.name, marker="." if len(points) < 40 else ""
            )
        axes.set(xlabel="iteration", ylabel=quantity)
        axes.legend(frameon=False)

    return _svg(quantity, draw, (4.6, 3.0))


def reliability_plot(bins: Sequence[ConfidenceBin]) -> str:
    """How often answers of a confidence are right; on the dashed line confidence means what it says."""

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
        widths = [one.end - one.start for one in bins]
        axes.bar(
            [one.start for one in bins], [one.accuracy for one in bins], widths, align="edge", color=BLUE, alpha=0.6
        )
        axes.plot(
            [one.mean_confidence for one in bins], [one.accuracy for one in bins], "o", color=ORANGE, markersize=4
        )
        axes.set(xlabel="confidence", ylabel="share of right answers", xlim=(0, 1), ylim=(0, 1))

    return _svg("reliability", draw, (3.6, 3.4))


def _svg(name: str, draw: "Callable[[Axes], None]", inches: tuple[float, float]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=inches, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _within_a_page(text.getvalue(), name)


def _within_a_page(svg: str, name: str) -> str:
    """Without a file's head, black in the page's own colour, and names that no other plot has."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = svg.replace("#000000", "currentColor").replace("#ffffff", "none")
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)
