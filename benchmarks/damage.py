"""What `handloom verify FILE` alone sees of a changed byte among the weights, and what a missed change does.

    python benchmarks/damage.py [PROJECT=.] [CHANGES=100] [KIND ...]

PROJECT is a folder in which `dvc repro` was run. Each format is written from its trained model. For each change one
byte among the stored weights, drawn at random, becomes another one. "as it is" is the share of changes that verify
refuses; the sha256 in the file makes that all of them. Then the file is sealed again, as a program would that rewrites
it, and only the probes are left: "missed" is what they miss, "harm" the largest change of a probability of the test set
that a missed change made. A `.task` holds the network of the `.tflite`.
"""

import hashlib
import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.config import KINDS, ExportCoreML, section_from
from handloom.dataset.examples import read_examples
from handloom.errors import DataError
from handloom.export.core_ai_model import HASH, PROGRAM
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.read import read_exported
from handloom.export.self_check import SELF_CHECK, seal, self_check
from handloom.export.verification import TEST_PART, rows_of, verify
from handloom.hand import Poses
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.support.text_table import text_table

FORMATS = ("mlpackage", "mlmodel", "aimodel", "onnx", "tflite")
STRIDE = 15
SMALLEST = 32  # numbers of a weight that is looked for; fewer may be found by chance


def main() -> None:
    project = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    table = []
    for kind in sys.argv[3:] or KINDS:
        model = load_model(project / f"models/{kind}/model.ckpt")
        keypoints, split = project / f"data/keypoints/{kind}.parquet", project / f"data/splits/{kind}.parquet"
        examples = read_examples(keypoints, split, "test", left_hands=model.spec.left_hands)
        rows = rows_of(model.spec.window, examples, STRIDE)
        metadata = user_metadata(model) | {SELF_CHECK: self_check(model, rows[TEST_PART]())}
        windows = np.concatenate([batch.windows for batch in rows[TEST_PART]()])
        for one in FORMATS:
            with tempfile.TemporaryDirectory() as folder:
                settings = section_from(ExportCoreML, {"formats": [one]})
                (file,) = write_files(model, settings, metadata, Path(folder))
                table.append([kind, one, *measured(file, model, windows, changes)])
    print(text_table(table, ["", "format", "weights found", "as it is", "missed", "harm"]))


def measured(file: Path, model: TrainedModel, windows: Poses, changes: int) -> list[str]:
    holder = max((part for part in [file, *file.rglob("*")] if part.is_file()), key=lambda part: part.stat().st_size)
    content, whole = holder.read_bytes(), file.with_name(f"whole{file.suffix}")
    places = np.flatnonzero(weights_in(content, model))
    before = answers(file, windows)
    file.rename(whole)
    draw = np.random.default_rng(0)
    refused, missed, harm = 0, 0, 0.0
    for _ in range(changes):
        shutil.copytree(whole, file) if whole.is_dir() else shutil.copy(whole, file)
        changed = bytearray(content)
        changed[draw.choice(places)] ^= int(draw.integers(1, 256))
        holder.write_bytes(changed)
        refused += is_refused(file)
        if (file / HASH).exists():
            (file / HASH).write_bytes(hashlib.sha256((file / PROGRAM).read_bytes()).digest())
        seal(file)
        if not is_refused(file):
            missed += 1
            harm = max(harm, float(np.abs(answers(file, windows) - before).max()))
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    share = len(places) / len(content)
    return [f"{share:.0%} of bytes", f"{refused} of {changes} refused", f"{missed} of {changes}", f"{harm:.4f}"]


def weights_in(content: bytes, model: TrainedModel) -> NDArray[np.bool_]:
    """Which bytes of a file are a weight of the network: in half or single precision, its axes in any order."""
    found = np.zeros(len(content), bool)
    for weight in model.network.state_dict().values():
        for stored in layouts(weight.numpy()):
            place = content.find(stored)
            if place >= 0:
                found[place : place + len(stored)] = True
    return found


def layouts(weight: NDArray[np.float32]) -> Iterator[bytes]:
    if weight.size < SMALLEST or weight.dtype != np.float32:
        return
    for order in itertools.permutations(range(weight.ndim)):
        for kind in ("<f4", "<f2"):
            yield np.ascontiguousarray(weight.transpose(order)).astype(kind).tobytes()


def answers(file: Path, windows: Poses) -> NDArray[np.float32]:
    opened = read_exported(file)
    return np.stack([opened.run(window) for window in windows])


def is_refused(file: Path) -> bool:
    try:
        return bool(verify(file, None, {}).problems)
    except DataError:
        return True


if __name__ == "__main__":
    main()
