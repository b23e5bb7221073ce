#!/bin/sh
# 04 Described gestures: a model without a photo. The same in Python: 04_described_gestures.py
set -eu
cd "$(dirname "$0")"

# 1. One YAML file per gesture says which fingers are bent. Look at them as drawn hands.
handloom draw ../data/described/kinivi --out outputs/described.png

# 2. Train on joints that are made of the descriptions.
handloom train pose ../data/described/kinivi --out outputs/described data/pose=described \
  data.pose.examples_per_class=60 train_pose.maximum_iterations=40
