#!/bin/sh
# 06 Experiments and sweeps, in the project that 02_own_photos.sh makes. In Python: 06_experiments.py
set -eu
cd "$(dirname "$0")"
[ -d outputs/my_gestures ] || ./02_own_photos.sh
cd outputs/my_gestures
git add .
git diff --cached --quiet || git -c user.name=me -c user.email=me@localhost commit -qm "First model"

# 1. Two learning rates. The joints are found once: only what depends on the parameter runs again.
dvc exp run -q -S train_pose.optimizer.lr=0.001 -n slow
dvc exp run -q -S train_pose.optimizer.lr=0.01 -n fast
dvc exp show --only-changed --md

# 2. What differs between two runs: parameters, metrics, data. `handloom ui` shows the runs in a browser.
handloom compare slow fast

# 3. Many at once:
#    dvc exp run --queue -S 'train_pose.optimizer.lr=0.001,0.003,0.01' && dvc queue start -j 2
#    handloom search pose search.trials=30
