"""Create ML's two hand classifiers for Python, on the pipeline's own functions. Import the names from `handloom`."""
