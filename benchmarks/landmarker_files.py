"""The exported hand landmark networks against LiteRT on real hands, and from pixels to label through files alone.

    python benchmarks/landmarker_files.py PHOTOS [COUNT=200]
        both networks, written in each format and read back from disk, on COUNT photos that are spread over the folder
    python benchmarks/landmarker_files.py PHOTOS RUN
        RUN is what `handloom train pose PHOTOS --out RUN` wrote: the photos of its test set to labels, once by LiteRT
        and the checkpoint, once by the exported landmarker and the exported classifier

An `.aimodel` is run by Apple's runtime, which on Linux takes a second for a picture; a package by the interpreter.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet

from handloom.config import ExportCoreML, LandmarkModel
from handloom.export.landmarker.proof import PHOTO_SIDE, prove
from handloom.export.landmarker.runtime import ExportedLandmarker
from handloom.export.landmarker.write import write_landmarker
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.media.frame import Picture
from handloom.media.photos import read_photo
from handloom.prediction.photos import predict_photos
from handloom.prediction.predictor import Predictor
from handloom.stages.layout import Layout

MODEL = landmark_model_path(LandmarkModel())
BORDER = 0.5  # of the photo, with edge pixels: hands that fill the photo are found
WAYS = (("float16", ["mlpackage"]), ("float32", ["mlpackage", "aimodel"]))


def main(photos: str, other: str = "200") -> None:
    """Run one of the two."""
    if other.isdecimal():
        _networks(Path(photos), int(other))
    else:
        _labels(Path(photos), Layout.in_folder(Path(other)))


def _networks(folder: Path, count: int) -> None:
    paths = sorted(folder.rglob("*.[jJ][pP][gG]"))
    chosen = [paths[place] for place in np.linspace(0, len(paths) - 1, count).astype(int)]
    pictures = [_bordered(read_photo(path, PHOTO_SIDE).picture) for path in chosen]
    for precision, formats in WAYS:
        with tempfile.TemporaryDirectory() as name:
            settings = replace(ExportCoreML(), precision=precision, formats=formats)  # type: ignore[arg-type]  # literals
            for file in write_landmarker(MODEL, settings, Path(name)):
                (found,) = prove([file], MODEL, pictures)
                print(found.summary, flush=True)


def _bordered(picture: Picture) -> Picture:
    height, width = (round(BORDER * side) for side in picture.shape[:2])
    return np.pad(picture, ((height, height), (width, width), (0, 0)), "edge")


def _labels(photos: Path, run: Layout) -> None:
    split = pyarrow.parquet.read_table(run.split).to_pylist()
    table = pyarrow.parquet.read_table(run.keypoints, columns=["session_id", "path"]).to_pylist()
    paths = {row["session_id"]: row["path"] for row in table}
    tested = sorted({photos / paths[row["session_id"]] for row in split if row["part"] == "test"})
    expected = list(_said(Predictor.open(run.model_file), tested, None))
    file = next(run.exports.glob("*.mlpackage"))
    with tempfile.TemporaryDirectory() as name:
        write_landmarker(MODEL, ExportCoreML(formats=["mlpackage"]), Path(name))
        found = list(_said(Predictor.open(file), tested, ExportedLandmarker.at(Path(name))))
    other = [path for path, *pair in zip(tested, expected, found, strict=True) if pair[0] != pair[1]]
    print(f"{len(tested) - len(other)} of {len(tested)} test photos get the same label through files alone")
    for path in other:
        print(f"  {path}")


def _said(predictor: Predictor, paths: list[Path], landmarker: ExportedLandmarker | None) -> Iterator[str]:
    for predictions in predict_photos(predictor, paths, landmarker=landmarker):
        yield predictions[0].label if predictions else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
