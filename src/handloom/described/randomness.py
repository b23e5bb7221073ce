"""One random generator for each thing that is drawn, so that neither order nor number of workers matters."""

import zlib

import numpy as np

Generator = np.random.Generator


def generator_for(seed: int, *names: str | int) -> Generator:
    """The generator of one named thing, e.g. ``generator_for(1, "photo", "four", 12)``."""
    numbers = (name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names)
    return np.random.default_rng(np.random.SeedSequence([seed, *numbers]))
