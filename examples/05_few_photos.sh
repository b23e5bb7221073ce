#!/bin/sh
# 05 Few photos: start from pretrained weights. The same in Python: 05_few_photos.py
set -eu
cd "$(dirname "$0")"
python draw.py outputs/photos outputs/test_photos

# The option few_photos starts from weights that were trained on random described hands, and takes small steps.
handloom train pose outputs/photos --out outputs/few train_pose=few_photos train_pose.maximum_iterations=10
handloom evaluate outputs/few/model outputs/test_photos
