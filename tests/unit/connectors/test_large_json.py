"""Large JSON has the same value as small JSON."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.connectors.http import large_json
from kapell.connectors.http.large_json import decode_large_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('abc\\"ä', max_size=3), inner),
)


@pytest.fixture
def tiny(monkeypatch):
    """Let everything count as large."""
    monkeypatch.setattr(large_json, "_LARGE_BYTES", 4)


@given(JSON, st.sampled_from([b"", b" ", b"\n" * 100]))
def test_the_value_is_the_same(value, space):
    text = space + msgspec.json.encode(value) + space
    limit = large_json._LARGE_BYTES
    large_json._LARGE_BYTES = 4
    try:
        assert decode_large_json(text) == msgspec.json.decode(text)
    finally:
        large_json._LARGE_BYTES = limit


@pytest.mark.parametrize(
    "text", [b"[1, 2", b"[1, x, 3]", b'{"a": tru, "b": 1}', b"[1] 2    ", b"[" * 10_000, b"        "]
)
def test_what_is_no_json_is_refused(tiny, text):
    with pytest.raises((msgspec.DecodeError, RecursionError)):
        decode_large_json(text)


def test_a_repeated_name_has_its_last_value(tiny):
    assert decode_large_json(b'{"a": 1, "a": [2, 3]}') == {"a": [2, 3]}


def test_truly_large_values():
    value = {"rows": [{"n": n, "big": 2**70, "text": "x" * 50} for n in range(20_000)], "text": "y" * 400_000}
    text = msgspec.json.encode({"a": value})
    assert decode_large_json(text) == msgspec.json.decode(text)
