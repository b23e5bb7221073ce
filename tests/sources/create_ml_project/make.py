"""What made Gestures.mlproj: SFrames written by Turi Create out of joints.csv, in the folders of a Create ML project.

`odd.sframe` has the packings that joints do not have: missing values, many texts, whole and negative numbers.

Turi Create 6.4.1 has wheels up to Python 3.8 only:

    pip install --no-deps turicreate==6.4.1 numpy==1.19.5 pandas==1.1.5 decorator prettytable==0.7.2 \
        requests urllib3 idna certifi charset-normalizer chardet scipy packaging pillow six
    python make.py joints.csv Gestures.mlproj odd.sframe

joints.csv has joints of MediaPipe on drawn photos of the sample, with confidences as Vision gives them. Names of files
lie below a made-up home folder, as Create ML writes them.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import turicreate

ID = "5D1C6E3A-0000-4000-8000-000000000001"


def table(rows, folder):
    keypoints = [np.array(row["keypoints"].split(), np.float64).reshape(1, 3, 21) for row in rows]
    turicreate.SFrame(
        {
            "label": [row["label"] for row in rows],
            "imagePath": ["/Users/somebody/Pictures/" + row["path"] for row in rows],
            "keypoints": keypoints,
            "session_id": list(range(len(rows))),
        }
    ).save(folder)


def odd(folder):
    rows = range(300)
    turicreate.SFrame(
        {
            "text": [None if row % 7 == 0 else "é" * (row % 5) + str(row) for row in rows],
            "whole": [(row * 7919) % 13 - 4 if row < 200 else -(2**62) + row for row in rows],
            "decimal": [row / 8 - 3 for row in rows],
            "array": [None if row % 3 == 0 else np.full((2, 1 + row % 2), float(row - 100)) for row in rows],
        }
    ).save(folder)


def main(joints, project, odd_folder):
    odd(odd_folder)
    with Path(joints).open(newline="") as file:
        rows = list(csv.DictReader(file))
    session = f"{project}/Checkpoints/{ID}.Gestures.checkpoint/extracting-{len(rows):09d}.checkpoint"
    for folder, part in (("training", "train"), ("validation", "validation")):
        Path(session, folder).mkdir(parents=True)
        table([row for row in rows if row["part"] == part], f"{session}/{folder}/DataTable")
    about = {"taskType": "handPoseClassifier", "projectName": "Gestures", "version": "1.1"}
    container = {"id": ID, "preferredFilename": "Gestures", "state": "trained"}
    Path(project, "Model Containers").mkdir()
    Path(project, "Project.json").write_text(json.dumps(about))
    Path(project, "Model Containers/Gestures.json").write_text(json.dumps(container))


if __name__ == "__main__":
    main(*sys.argv[1:])
