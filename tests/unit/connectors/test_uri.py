"""URI templates, queries, and what may not be in a URI."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.connectors.http.uri import append_query, expand_template, hide_credentials, quote_uri, to_pairs
from kapell.sdk import ActivityError

BASE = "https://api.example/pets/"


@pytest.mark.parametrize(
    ("template", "variables", "expected"),
    [
        ("{petId}", {"petId": 1}, "1"),
        ("find?status={status}", {"status": "sold"}, "find?status=sold"),
        ("{a}/{b}", {"a": "x y", "b": "ä/?#"}, "x%20y/%C3%A4%2F%3F%23"),
        ("{missing}", {}, ""),
        ("{none}", {"none": None}, ""),
        ("{flag}", {"flag": True}, "true"),
        ("{number}", {"number": 12345678901234567890}, "12345678901234567890"),
        ("{pet.id}", {"pet.id": "verbatim", "pet": {"id": "not this"}}, "verbatim"),
        ("{a}", ["not an object"], ""),
        ("{no variable}", {}, "{no variable}"),
        ("{a}", {"a": "{b}", "b": "never expanded again"}, "%7Bb%7D"),
        ("{a}", {"a": "x\r\nHost: evil"}, "x%0D%0AHost%3A%20evil"),
    ],
)
def test_a_template_is_expanded_from_top_level_properties(template, variables, expected):
    assert expand_template(BASE + template, variables) == BASE + expected


@pytest.mark.parametrize("value", [{"id": 1}, [1, 2]])
def test_an_object_in_a_template_is_an_expression_error(value):
    with pytest.raises(ActivityError) as caught:
        expand_template(BASE + "{pet}", {"pet": value})
    assert (caught.value.type, caught.value.status) == ("expression", 400)
    assert "{pet}" in caught.value.detail


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_can_leave_its_place(value):
    expanded = expand_template(BASE + "{x}/end", {"x": value})
    inside = expanded.removeprefix(BASE).removesuffix("/end")
    assert set(inside) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")
    assert quote_uri(expanded) == expanded


def test_a_literal_uri_keeps_what_is_encoded_already():
    assert quote_uri("http://h/a%2Fb?q=a+b%20c&x=[1]#f") == "http://h/a%2Fb?q=a+b%20c&x=[1]#f"
    assert quote_uri("http://user:pw@münchen.example:80/ä") == "http://user:pw@xn--mnchen-3ya.example:80/%C3%A4"
    assert quote_uri("http://h/ä b{c}") == "http://h/%C3%A4%20b%7Bc%7D"


@pytest.mark.parametrize("bad", ["http://h/a\r\nX: y", "http://h/\n", "http://h/\x00"])
def test_line_breaks_in_a_uri_are_refused(bad):
    with pytest.raises(ActivityError, match="line breaks"):
        quote_uri(bad)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://h/p", "http://h/p?a=1&b=x%26y"),
        ("http://h/p?z=0", "http://h/p?z=0&a=1&b=x%26y"),
        ("http://h/p?", "http://h/p?a=1&b=x%26y"),
        ("http://h/p#part", "http://h/p?a=1&b=x%26y"),
    ],
)
def test_the_query_is_appended(uri, expected):
    assert append_query(uri, [("a", "1"), ("b", "x&y")]) == expected


def test_query_values_become_text():
    fields = {"s": "a", "n": 1, "f": 1.5, "t": True, "none": None, "list": ["x", None, 2], "o": {"k": 1}}
    assert to_pairs(fields) == [
        ("s", "a"), ("n", "1"), ("f", "1.5"), ("t", "true"), ("list", "x"), ("list", "2"), ("o", '{"k":1}'),
    ]  # fmt: skip


def test_credentials_in_a_uri_are_hidden():
    assert hide_credentials("https://user:pw@h/p?mail=a@b") == "https://h/p?mail=a@b"
    assert hide_credentials("https://h/p?mail=a@b") == "https://h/p?mail=a@b"
