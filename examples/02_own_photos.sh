#!/bin/sh
# 02 Own photos: a project that DVC runs, for photos that grow. In Python: 02_own_photos.py
set -eu
cd "$(dirname "$0")"
python draw.py outputs/photos

# 1. A project, with your photos in data/photos/<class>/.
rm -rf outputs/my_gestures
handloom init outputs/my_gestures --kind pose
cp -R outputs/photos/. outputs/my_gestures/data/photos
cd outputs/my_gestures
git init -q
dvc init -q
dvc config hydra.enabled true

# 2. Your values. File names say who is in a photo, and a short training is enough here.
cat >> conf/config.yaml <<'YAML'
data:
  pose:
    groups:
      pattern: '^(person_\d+)-'
train_pose:
  maximum_iterations: 40
YAML
handloom params

# 3. Run. A second `dvc repro` runs only what has changed.
dvc repro -q
dvc metrics show reports/pose/metrics.json
