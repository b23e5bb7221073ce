#!/bin/sh
# 05 Few photos: what pretrained weights give. The same in Python: 05_few_photos.py
set -eu
cd "$(dirname "$0")"
python draw.py outputs/photos outputs/test_photos

# Photos start from weights that were trained on random described hands. Compare with random weights.
for start in auto none; do
  handloom train pose outputs/photos --out "outputs/few_$start" \
    "train_pose.pretrained_weights=$start" train_pose.maximum_iterations=10
  handloom evaluate "outputs/few_$start/model" outputs/test_photos
done
