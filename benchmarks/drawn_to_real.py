"""The pose model trained on drawn hands alone, tried on real photos: Sign Language Digits (folders 0 to 9).

    python benchmarks/drawn_to_real.py PHOTOS [SUBJECTS.csv]

Run it after `make repro`. SUBJECTS.csv has the columns image and subject. The shapes of the drawn signs were adjusted
while looking at photos of the subjects 0 to 109, so the number for the others is the honest one. A hand that is not
found, and the answer `background`, count as errors.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from accuracy import joints_for

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, Groups, LabeledDirectories
from handloom.dataset.examples import Example
from handloom.evaluation.answers import predict_examples
from handloom.extraction.extract import extract_keypoints
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.support.workspace import Workspace

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
LOOKED_AT = 110  # subjects below this number were looked at


def extracted(photos: Path, subjects: Path | None, model: TrainedModel) -> list[Example]:
    groups = Groups(file=str(subjects), path_column="image", group_column="subject") if subjects else Groups()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "pose.parquet"
        source = LabeledDirectories(path=str(photos), groups=groups)
        cache = Workspace.here().keypoint_cache
        extract_keypoints(source, ExtractKeypoints(), "pose", table, table.with_suffix(""), cache)
        rows = keypoint_table.read(table)
    poses = joints_for(model, rows)
    columns = (rows.column(name).to_pylist() for name in ("label", "path", "group"))
    return [
        Example(poses[row : row + 1], DIGITS[int(label)], path, group)
        for row, (label, path, group) in enumerate(zip(*columns, strict=True))
    ]


def report(name: str, examples: list[Example], answers: list[str]) -> None:
    wrong = Counter(
        (example.label, answer if example.hand_found else "no hand")
        for example, answer in zip(examples, answers, strict=True)
        if example.label != answer or not example.hand_found
    )
    accuracy = 1 - wrong.total() / len(examples)
    common = ", ".join(f"{label} taken for {answer} {count}" for (label, answer), count in wrong.most_common(5))
    print(f"{name}: {accuracy:.2%} end to end of {len(examples)} photos; {common}")


def main() -> None:
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    model = load_model(Path("models/pose/model.ckpt"))
    examples = extracted(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None, model)
    probabilities = predict_examples(model, examples, stride=1)
    answers = [model.spec.classes[row.argmax()] for row in probabilities]
    report("all subjects", examples, answers)
    if len(sys.argv) == 3:
        unseen = [row for row, example in enumerate(examples) if int(example.group) >= LOOKED_AT]
        report(f"subjects {LOOKED_AT} and up", [examples[row] for row in unseen], [answers[row] for row in unseen])


if __name__ == "__main__":
    main()
