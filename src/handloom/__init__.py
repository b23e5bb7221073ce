"""handloom: hand pose and hand action classifiers, from pictures to Core ML, on any computer."""

__version__ = "0.1.0"
