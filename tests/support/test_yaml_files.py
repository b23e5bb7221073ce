"""YAML that a stranger may send: read as it was meant, or refused in one line, at once."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from handloom.errors import ConfigurationError, DataError
from handloom.support.yaml_files import MOST_DEPTH, parse_yaml, read_yaml

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("curl: " + "9" * 6000, "line 1: a number of 6000 digits; at most 100", id="6,000 digits"),
        pytest.param("curl: -0x" + "f" * 6000, "a number of 6003 digits", id="hexadecimal"),
        pytest.param("curl: 1" + ":59" * 400 + ".0", "too large", id="base 60"),
        pytest.param("[" * 3000, f"nested more than {MOST_DEPTH} levels deep", id="deep lists"),
        pytest.param("- " * 3000 + "a", f"nested more than {MOST_DEPTH} levels deep", id="deep blocks"),
        pytest.param("{a: " * 3000, f"nested more than {MOST_DEPTH} levels deep", id="deep sections"),
        pytest.param(LAUGHS, "values, aliases included", id="billion laughs"),
        pytest.param("a: &a [*a]", "contains itself", id="endless"),
        pytest.param("a: 1\nb: 2\na: 3", "line 3: the key a appears twice; keep one", id="twice"),
        pytest.param("a: {b: 1, b: 2}", "the key b appears twice", id="twice inside"),
        pytest.param("a: !!python/object/apply:os.getcwd []", "the tag", id="python"),
        pytest.param("a: !!timestamp 2024-02-30", "the tag", id="tagged date"),
        pytest.param("? [1, 2]\n: 3", "unhashable", id="list as key"),
        pytest.param("a: 1\n---\nb: 2", "another document", id="two documents"),
        pytest.param("a: *b", "undefined alias", id="undefined alias"),
        pytest.param("a: \x00", "unacceptable character", id="control character"),
    ],
)
def test_what_would_exhaust_or_deceive_is_one_line(text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_yaml(text, "five.yaml", DataError)
    assert str(caught.value).startswith("five.yaml: not YAML that can be read")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_dates_are_texts_and_a_merged_key_may_be_said_again() -> None:
    assert parse_yaml("a: 2024-02-30\nb: 2024-01-01\n", "x") == {"a": "2024-02-30", "b": "2024-01-01"}
    assert parse_yaml("x: &x {a: 1, b: 2}\ny: {<<: *x, a: 3}", "x")["y"] == {"a": 3, "b": 2}


PLAIN = st.none() | st.booleans() | st.integers(-(10**90), 10**90) | st.floats(allow_nan=False) | st.text()


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_what_was_written_is_read(content: object) -> None:
    text = yaml.safe_dump(content)
    assert parse_yaml(text, "x") == content


@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe", "latin", "large"])
def test_what_is_no_such_file_is_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "latin":
        path.write_bytes("author: Müller".encode("latin-1"))
    elif kind == "large":
        path.write_text("- a\n" * 600_000)
    told = {"nothing": "no such file", "latin": "UTF-8", "large": "larger than 2 MB"}.get(kind, "not a file")
    with pytest.raises(ConfigurationError, match=f"^{path}: [^\n]*{told}[^\n]*$"):
        read_yaml(path)
