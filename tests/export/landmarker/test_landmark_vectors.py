"""The examples that Swift's landmark detector has to pass are what Python gives now."""

import json
from typing import Any

import pytest
from landmark_vectors import COUNT, FILE, SEED, STREAMS, landmark_vectors


def test_the_stored_examples_are_what_python_gives() -> None:
    assert FILE.stat().st_size < 300_000
    assert_near(landmark_vectors(COUNT, SEED, STREAMS), json.loads(FILE.read_text("utf-8")), "")


def assert_near(found: Any, stored: Any, where: str) -> None:
    if isinstance(stored, dict):
        assert found.keys() == stored.keys(), where
        for key, value in stored.items():
            assert_near(found[key], value, f"{where} {key}")
    elif isinstance(stored, list):
        assert len(found) == len(stored), where
        for place, value in enumerate(stored):
            assert_near(found[place], value, f"{where} {place}")
    elif isinstance(stored, float):
        assert found == pytest.approx(stored, rel=1e-5, abs=1e-5), where
    else:
        assert found == stored, where
