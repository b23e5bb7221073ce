"""Pictures in, keypoint table out: decode, find the hand, write a row a frame."""
