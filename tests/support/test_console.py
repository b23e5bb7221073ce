"""JSON on a terminal or in a pipe: the same content whatever the encoding, and nothing that steers a terminal."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from handloom.errors import is_unprintable
from handloom.support.console import json_text

TEXTS = st.text(st.characters(codec=None))  # halves of surrogate pairs too


@given(
    st.dictionaries(TEXTS, TEXTS), st.sampled_from(["ascii", "cp1252", "utf-8", "utf-16"]), st.sampled_from([None, 2])
)
def test_json_is_read_back_from_every_encoding(content: dict[str, str], encoding: str, indent: int | None) -> None:
    out = io.BytesIO()
    text = json_text(content, indent, io.TextIOWrapper(out, encoding))
    assert json.loads(text.encode(encoding).decode(encoding)) == content
    assert not any(is_unprintable(character) for character in text.replace("\n", ""))
