"""Predictions on stdout: a line each, as text with tabs, as JSON, or as CSV."""

import csv
from abc import ABC, abstractmethod
from typing import Any, TextIO

from typing_extensions import override

from handloom.cli.predict.answers import Asked
from handloom.errors import printable
from handloom.prediction.predictor import Predictor
from handloom.prediction.results import Prediction
from handloom.support.console import json_text
from handloom.support.files import as_cell

NO_HAND = "(no hand)"


class Output(ABC):
    """Writes one line per prediction, at once, so that a reader in a pipe need not wait.

    Args:
        out: where to.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out

    @abstractmethod
    def write(self, asked: Asked, predictor: Predictor, prediction: Prediction | None) -> None:
        """Write one; None for a photo without a hand."""


class TextOutput(Output):
    """File, label, confidence; of videos start and end in seconds; a mark if the confidence is below the threshold."""

    @override
    def write(self, asked: Asked, predictor: Predictor, prediction: Prediction | None) -> None:
        fields = [asked.file.shown, NO_HAND, ""]
        if prediction is not None:
            if prediction.results:
                fields[1:] = [printable(prediction.label), f"{prediction.confidence:.3f}"]
            if asked.form == "video":
                fields += [f"{prediction.start:.2f}", f"{prediction.end:.2f}"]
            if predictor.reaches_threshold(prediction) is False:
                fields.append(f"below its threshold of {predictor.thresholds[prediction.label]:.2f}")
        print("\t".join(fields).rstrip("\t"), file=self.out, flush=True)


class JsonOutput(Output):
    """One object per line, with all that is known."""

    @override
    def write(self, asked: Asked, predictor: Predictor, prediction: Prediction | None) -> None:
        content: dict[str, Any] = {"file": asked.file.shown, "kind": asked.kind, "label": None, "confidence": None}
        if prediction is not None:
            if prediction.results:
                content |= {"label": prediction.label, "confidence": prediction.confidence}
                content["probabilities"] = {one.label: one.confidence for one in prediction.results}
                content["recommended_threshold"] = predictor.thresholds.get(prediction.label)
                content["reaches_threshold"] = predictor.reaches_threshold(prediction)
                content["chirality"] = prediction.chirality or None
            if asked.form == "video":
                frames = prediction.frame_range
                content |= {"start": prediction.start, "end": prediction.end, "frames": [frames.start, frames.stop]}
        print(json_text(content, out=self.out), file=self.out, flush=True)


class CsvOutput(Output):
    """A header, then a row each; what is not known is empty, and no text is a formula (see `as_cell`)."""

    _HEADER = (
        *("file", "label", "confidence", "start", "end", "first_frame", "end_frame", "chirality"),
        *("recommended_threshold", "reaches_threshold"),
    )

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(self._HEADER)

    @override
    def write(self, asked: Asked, predictor: Predictor, prediction: Prediction | None) -> None:
        row: dict[str, Any] = {"file": asked.file.shown}
        if prediction is not None:
            if prediction.results:
                # A program reads the label as it is; on a terminal it must not steer that.
                label = printable(prediction.label) if self.out.isatty() else prediction.label
                row |= {"label": label, "confidence": prediction.confidence, "chirality": prediction.chirality}
                row["recommended_threshold"] = predictor.thresholds.get(prediction.label, "")
                reached = predictor.reaches_threshold(prediction)
                row["reaches_threshold"] = "" if reached is None else str(reached).lower()
            if asked.form == "video":
                frames = prediction.frame_range
                row |= {"start": prediction.start, "end": prediction.end}
                row |= {"first_frame": frames.start, "end_frame": frames.stop}
        self._writer.writerow([as_cell(row.get(name, "")) for name in self._HEADER])
        self.out.flush()


OUTPUTS: dict[str, type[Output]] = {"text": TextOutput, "json": JsonOutput, "csv": CsvOutput}
