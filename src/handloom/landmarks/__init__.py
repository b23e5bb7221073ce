"""Pictures to joints: the landmarker, looking again, following a hand through a clip."""
