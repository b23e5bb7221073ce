#!/bin/sh
# 08 Live: an action model on a clip, as it would see a camera. In Python, with events: 08_live.py
set -eu
cd "$(dirname "$0")"
[ -d outputs/actions/export ] || ./03_actions.sh

# Skeleton, label and confidence are drawn over the clip. An answer below its threshold is grey.
handloom predict outputs/clips/swipe_left/person_01-0001.mp4 --stride 5 --overlay outputs/live.mp4 \
  --model outputs/actions/export/HandActionClassifier.mlmodel
