#!/bin/sh
# 07 Export and proof: other formats, and a check of each file. The same in Python: 07_export_and_proof.py
set -eu
cd "$(dirname "$0")"
[ -d outputs/first_model ] || ./01_first_model.sh

# 1. The same training with more formats: joints and weights are taken as they are, only the export runs again.
handloom train pose outputs/photos --out outputs/first_model \
  "data.pose.groups.pattern='^(person_\d+)-'" train_pose.maximum_iterations=40 \
  'export_coreml.formats=[mlpackage,mlmodel,tflite]'

# 2. Check a file against the model that it was exported from: interface, metadata, and answers on hard cases.
handloom verify outputs/first_model/export/HandPoseClassifier.mlpackage --checkpoint outputs/first_model/model/model.ckpt
handloom verify outputs/first_model/export/HandPoseClassifier.tflite
