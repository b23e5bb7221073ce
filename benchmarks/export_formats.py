"""What each format of exported files costs, and how far its runtime is from the trained model and from the others.

    python benchmarks/export_formats.py together [PROJECT=.]
        all formats of each kind, as the stage writes and proves them: size, seconds, each runtime against each other
    python benchmarks/export_formats.py photos PROJECT PHOTOS
        the `.task` in MediaPipe's own GestureRecognizer on the photos of the test set, against the trained network on
        the landmarks that MediaPipe found; PHOTOS is the folder that was extracted
    python benchmarks/export_formats.py stored [PROJECT=.]
        each way to store the weights of Core ML's formats

PROJECT is a folder in which `dvc repro` was run. Files are written, read back and run row by row. In `stored`, "in half
precision" is the same neural network with each layer rounded, as the Neural Engine computes it. Seconds are of the wall
clock and, in brackets, of the processor. The first conversion in a process also loads the converter.
"""

import sys
import tempfile
import time
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np

from handloom.config import KINDS, ExportCoreML, Kind, section_from
from handloom.dataset.examples import Examples, read_examples
from handloom.export.agreement import Answers
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.self_check import SELF_CHECK, self_check
from handloom.export.verification import TEST_PART, Rows, Verification, rows_of, verify
from handloom.hand import mirror, poses_from_picture
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.support.text_table import text_table

FORMATS = ("mlpackage", "mlmodel", "aimodel", "onnx", "tflite", "task")
STRIDE = 15


def main(how: str = "", project: str = ".", photos: str = "") -> None:
    folder = Path(project)
    kinds = [kind for kind in KINDS if (folder / f"models/{kind}/model.ckpt").exists()]
    if how == "photos" and photos:
        by_mediapipe(folder, Path(photos))
    elif how in ("together", "stored"):
        for kind in kinds:
            (together if how == "together" else stored)(kind, folder)
    else:
        sys.exit(__doc__)


def opened(kind: Kind, project: Path) -> tuple[TrainedModel, Examples, Rows]:
    model = load_model(project / f"models/{kind}/model.ckpt")
    table, split = project / f"data/keypoints/{kind}.parquet", project / f"data/splits/{kind}.parquet"
    examples = read_examples(table, split, "test", left_hands=model.spec.left_hands)
    return model, examples, rows_of(model.spec.window, examples, STRIDE)


def together(kind: Kind, project: Path) -> None:
    model, examples, rows = opened(kind, project)
    print(f"{kind}: {len(examples)} examples of the test set, a window every {STRIDE} frames")
    answers, table = Answers(), []
    start = seconds()
    metadata = user_metadata(model) | {SELF_CHECK: self_check(model, rows[TEST_PART]())}
    for one in FORMATS if kind == "pose" else FORMATS[:-1]:
        with tempfile.TemporaryDirectory() as folder:
            before = seconds()
            (file,) = write_files(model, section_from(ExportCoreML, {"formats": [one]}), metadata, Path(folder))
            written = seconds()
            found = verify(file, model, rows, answers)
            table.append(
                [one, f"{found.bytes / 1e6:.2f}", took(before, written), took(written, seconds()), told(found)]
            )
    print(
        text_table(table, ["format", "MB", "s to write", "s to prove", "rows with another label, largest difference"])
    )
    print(f"together {took(start, seconds())} s")
    pairs = [
        [pair.one, pair.other, pair.part, f"{pair.other_labels} of {pair.rows}", f"{pair.largest_difference:.1e}"]
        for pair in answers.pairs()
    ]
    print(text_table(pairs, ["runtime", "and", "on", "other labels", "largest difference"]), flush=True)


def stored(kind: Kind, project: Path) -> None:
    model, examples, rows = opened(kind, project)
    print(f"{kind}: {len(examples)} examples of the test set, a window every {STRIDE} frames")
    table = []
    for suffix, precision, compression in product(
        ("mlpackage", "mlmodel"), ("float32", "float16"), ("none", "8_bit", "palettized")
    ):
        settings = section_from(
            ExportCoreML, {"formats": [suffix], "precision": precision, "weight_compression": compression}
        )
        with tempfile.TemporaryDirectory() as folder:
            (file,) = write_files(model, settings, user_metadata(model), Path(folder))
            found = verify(file, model, rows)
        table.append([suffix, precision, compression, f"{found.bytes / 1e6:.2f}", told(found)])
    print(text_table(table, ["format", "precision", "compressed", "MB", "other labels, largest difference"]))


def by_mediapipe(project: Path, photos: Path) -> None:
    from mediapipe import Image
    from mediapipe.tasks.python import BaseOptions, vision

    model, examples, _ = opened("pose", project)
    counts, largest = Counter[str](), 0.0
    with tempfile.TemporaryDirectory() as folder:
        settings = section_from(ExportCoreML, {"formats": ["task"]})
        (file,) = write_files(model, settings, user_metadata(model), Path(folder))
        options = vision.GestureRecognizerOptions(BaseOptions(model_asset_path=str(file)))
        with vision.GestureRecognizer.create_from_options(options) as recognizer:
            for name in examples.names.to_pylist():
                picture = Image.create_from_file(str(photos / name))
                said = recognizer.recognize(picture)
                counts["photos"] += 1
                if not said.gestures:
                    continue
                counts["hands found"] += 1
                places = np.array([[one.x, one.y] for one in said.hand_landmarks[0]])
                in_one_scale = places * [picture.width, picture.height] / max(picture.width, picture.height)
                poses = poses_from_picture(in_one_scale[None])
                if (model.spec.left_hands, said.handedness[0][0].category_name) == ("mirrored", "Left"):
                    poses = mirror(poses)
                expected = model.probabilities(poses[None])[0]
                (best,) = said.gestures[0]
                counts["labels equal"] += best.category_name == model.spec.classes[expected.argmax()]
                largest = max(largest, abs(best.score - float(expected.max())))
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f", scores within {largest:.1e}")


def told(found: Verification) -> str:
    return "; ".join(
        f"{name}: {one.rows - one.equal_labels} of {one.rows}, {one.largest_difference:.1e}"
        for name, one in found.comparisons.items()
    )


def seconds() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def took(start: tuple[float, float], end: tuple[float, float]) -> str:
    return f"{end[0] - start[0]:.1f} ({end[1] - start[1]:.1f})"


if __name__ == "__main__":
    main(*sys.argv[1:])
