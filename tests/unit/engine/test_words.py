"""The words that the search index holds."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kapell.engine.words import MAX_CHARACTERS, find_json_words, find_words, has_phrases, read_query, split_words

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ['say "no"', "a:b", ":", "true", "null", "back\\slash", "two\nlines", "Ünïcode-7", "ORD-1234", "{}[],"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_a_json_text_has_the_words_of_its_value(value):
    text = msgspec.json.encode(value).decode()
    assert find_json_words(text).split() == find_words(value).split()


def test_words_are_those_of_values_and_not_of_keys():
    value = {"customer": "Ada Lovelace", "lines": [{"sku": "sku-0001", "price": 1.25}], "paid": True, "note": None}
    expected = ["ada", "lovelace", "sku", "0001", "1", "25"]
    assert find_json_words(msgspec.json.encode(value).decode()).split() == expected
    assert find_words(value).split() == expected


def test_a_long_text_is_cut_and_a_deep_value_is_walked():
    words = find_json_words(msgspec.json.encode(["word"] * MAX_CHARACTERS).decode()).split()
    assert 0 < len(words) <= MAX_CHARACTERS // len("word")
    deep = "end"
    for _ in range(300):
        deep = [deep]
    assert find_words(deep) == "end"
    assert split_words("x" * 250 + " y") == ["x" * 100, "y"]


def test_a_query_is_words_and_phrases_and_has_no_syntax():
    words = split_words("Order ORD-1234 of Ada Lovelace")
    for query in ("ord-1234", '"ada lovelace"', "ADA love", "order 123", ') ORD "ada', "lovelace*"):
        assert has_phrases(words, read_query(query)), query
    for query in ('"lovelace ada"', "1234-ord", "adam", '"love"'):
        assert not has_phrases(words, read_query(query)), query
    assert read_query('"*()- ') == ()
