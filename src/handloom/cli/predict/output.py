"""Predictions on stdout: a line each, as text with tabs, as JSON, or as CSV."""

import csv
import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TextIO

from typing_extensions import override

from handloom.cli.predict.media_files import MediaFile
from handloom.config import Kind
from handloom.errors import printable
from handloom.files import as_cell

if TYPE_CHECKING:
    from handloom.prediction.results import Prediction

NO_HAND = "(no hand)"


class Output(ABC):
    """Writes a line a prediction, at once, so that a reader in a pipe need not wait.

    Args:
        out: where to.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out

    @abstractmethod
    def write(self, file: MediaFile, kind: Kind, prediction: "Prediction | None", threshold: float | None) -> None:
        """Write one; None where there was no hand. `threshold`: below it the answer is better not believed."""


class TextOutput(Output):
    """File, label, confidence; for videos also start and end, seconds."""

    @override
    def write(self, file: MediaFile, kind: Kind, prediction: "Prediction | None", threshold: float | None) -> None:
        if prediction is None:
            fields = [file.shown, NO_HAND, ""]
        else:
            fields = [file.shown, printable(prediction.label), f"{prediction.confidence:.3f}"]
            if kind == "action":
                fields += [f"{prediction.start:.2f}", f"{prediction.end:.2f}"]
        print("\t".join(fields).rstrip("\t"), file=self.out, flush=True)


class JsonOutput(Output):
    """An object a line, with all that is known."""

    @override
    def write(self, file: MediaFile, kind: Kind, prediction: "Prediction | None", threshold: float | None) -> None:
        content: dict[str, Any] = {"file": file.shown, "kind": kind, "label": None, "confidence": None}
        if prediction is not None:
            content |= {"label": prediction.label, "confidence": prediction.confidence}
            content["probabilities"] = {one.label: one.confidence for one in prediction.results}
            content["recommended_threshold"] = threshold
            content["chirality"] = prediction.chirality or None
            if kind == "action":
                frames = prediction.frame_range
                content |= {"start": prediction.start, "end": prediction.end, "frames": [frames.start, frames.stop]}
        print(json.dumps(content, ensure_ascii=False), file=self.out, flush=True)


class CsvOutput(Output):
    """A header, then a row each; what is not known is empty, and no text is a formula (`handloom.files.as_cell`)."""

    _HEADER = ("file", "label", "confidence", "start", "end", "first_frame", "end_frame", "chirality")

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(self._HEADER)

    @override
    def write(self, file: MediaFile, kind: Kind, prediction: "Prediction | None", threshold: float | None) -> None:
        row: list[Any] = [file.shown] + [""] * (len(self._HEADER) - 1)
        if prediction is not None:
            row[1:3] = [prediction.label, prediction.confidence]
            row[-1] = prediction.chirality
            if kind == "action":
                frames = prediction.frame_range
                row[3:7] = [prediction.start, prediction.end, frames.start, frames.stop]
        self._writer.writerow(map(as_cell, row))
        self.out.flush()


OUTPUTS: dict[str, type[Output]] = {"text": TextOutput, "json": JsonOutput, "csv": CsvOutput}
