"""What everybody uses and that knows nothing of hands: files, locks, progress, the repository, YAML, the console."""
