"""Shared tools that know nothing of hands: files, locks, progress, the repository, YAML, the console."""
