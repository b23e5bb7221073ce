"""Work is used again only where what decides it is the same."""

from handloom.support.fingerprint import fingerprint


def test_content_of_the_same_values_has_the_same_fingerprint() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    others = [{"a": 1, "b": [2, 1]}, {"a": "1", "b": [1, 2]}, {"a": 1}, {"a": 1, "b": [1, 2], "c": None}, [], None, ""]
    assert len({fingerprint(content) for content in [*others, {"a": 1, "b": [1, 2]}]}) == len(others) + 1
