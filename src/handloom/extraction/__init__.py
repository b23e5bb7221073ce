"""Pictures in, keypoint table out: decode, find the hand, write one row per frame."""
