"""From the keypoint table to labelled examples, split by group, ready for training."""
