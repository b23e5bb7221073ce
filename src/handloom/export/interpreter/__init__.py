"""Runs saved Core ML files on any computer, in NumPy: the proof that a file computes what was trained."""
