"""What each way of storing a model costs: its size, and how far it is from the trained one on the whole test set.

python benchmarks/export_formats.py                       the models that `dvc repro` made, pose and action
python benchmarks/export_formats.py pose                  one of them

Each file is written, read back and run by the interpreter, row by row, against the model in PyTorch. "half" is
the same neural network with each layer rounded to half precision, as the Neural Engine computes it.
"""

import argparse
import tempfile
import time
from itertools import product
from pathlib import Path

from handloom.config import KINDS, ExportCoreML, Kind, section_from
from handloom.dataset.examples import read_examples
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.verification import rows_of, verify
from handloom.models.checkpoint import load_model

STRIDE = 15


def measure(kind: Kind) -> None:
    model = load_model(Path(f"models/{kind}/model.ckpt"))
    examples = read_examples(
        Path(f"data/keypoints/{kind}.parquet"),
        Path(f"data/splits/{kind}.parquet"),
        "test",
        left_hands=model.spec.left_hands,
    )
    rows = rows_of(model.spec.window, examples, STRIDE)
    print(f"{kind}: {len(examples)} examples of the test set, a window every {STRIDE} frames")
    print(
        f"{'format':11} {'precision':9} {'compressed':10} {'MB':>5} {'seconds':>7}  rows with another label, difference"
    )
    for suffix, precision, compression in product(
        ("mlpackage", "mlmodel"), ("float32", "float16"), ("none", "8_bit", "palettized")
    ):
        settings = section_from(
            ExportCoreML, {"formats": [suffix], "precision": precision, "weight_compression": compression}
        )
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            (file,) = write_files(model, settings, user_metadata(model), Path(folder))
            found = verify(file, model, rows)
            seconds = time.perf_counter() - start
        told = "; ".join(
            f"{name}: {one.rows - one.equal_labels} of {one.rows}, {one.largest_difference:.1e}"
            for name, one in found.comparisons.items()
        )
        print(f"{suffix:11} {precision:9} {compression:10} {found.bytes / 1e6:5.2f} {seconds:7.1f}  {told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []])
    for one in parser.parse_args().kinds or KINDS:
        measure(one)
