"""Pictures to joints: the landmarker, test-time augmentation, tracking a hand through a clip."""
