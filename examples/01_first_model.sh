#!/bin/sh
# 01 First model: from photos to a Core ML file. The same in Python: 01_first_model.py
set -eu
cd "$(dirname "$0")"

# 1. Photos: one folder per class. File names say who is in a photo: person_03-0001.jpg
python draw.py outputs/photos outputs/test_photos

# 2. Train. People stay whole: no one is in both the training and the validation set.
handloom train pose outputs/photos --out outputs/first_model \
  "data.pose.groups.pattern='^(person_\d+)-'" train_pose.maximum_iterations=40

# 3. Measure the Core ML file on photos that were not used to train.
handloom evaluate outputs/first_model/export/HandPoseClassifier.mlmodel outputs/test_photos

# 4. Classify a photo.
handloom predict outputs/test_photos/five/person_00-0000.jpg \
  --model outputs/first_model/export/HandPoseClassifier.mlmodel
