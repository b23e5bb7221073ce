"""From the keypoint table to labelled examples, split by group and ready to learn from."""
