#!/bin/sh
# 03 Actions: from videos to a Core ML file. The same in Python: 03_actions.py
set -eu
cd "$(dirname "$0")"

# 1. Clips: one folder per class, one action per clip.
python draw.py outputs/clips

# 2. Train. A prediction sees 45 frames, 1.5 seconds at 30 frames a second.
handloom train action outputs/clips --out outputs/actions "data.action.groups.pattern='^(person_\d+)-'" \
  train_action.prediction_window_size=45 train_action.maximum_iterations=20

# 3. Ask the Core ML file about a clip: a line for each window.
handloom predict outputs/clips/grab/person_00-0000.mp4 --model outputs/actions/export/HandActionClassifier.mlmodel
