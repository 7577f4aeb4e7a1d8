"""Parameter styles; the expected values are those of the table in the OpenAPI specification, percent-encoded."""

from __future__ import annotations

import pytest

from kapell.connectors.openapi.operation import Parameter
from kapell.connectors.openapi.serialisation import write_cookie, write_header, write_path, write_query

LIST = ["blue", "black", "brown"]
OBJECT = {"R": 100, "G": 200, "B": 150}


def make(location, style, **options):
    return Parameter(name="color", location=location, style=style, **options)


@pytest.mark.parametrize(
    ("style", "explode", "value", "expected"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, LIST, "blue,black,brown"),
        ("simple", False, OBJECT, "R,100,G,200,B,150"),
        ("simple", True, OBJECT, "R=100,G=200,B=150"),
        ("simple", False, "a/b c", "a%2Fb%20c"),
        ("label", False, "blue", ".blue"),
        ("label", False, LIST, ".blue,black,brown"),
        ("label", True, LIST, ".blue.black.brown"),
        ("label", True, OBJECT, ".R=100.G=200.B=150"),
        ("matrix", False, "blue", ";color=blue"),
        ("matrix", False, LIST, ";color=blue,black,brown"),
        ("matrix", True, LIST, ";color=blue;color=black;color=brown"),
        ("matrix", False, OBJECT, ";color=R,100,G,200,B,150"),
        ("matrix", True, OBJECT, ";R=100;G=200;B=150"),
    ],
)
def test_path_styles(style, explode, value, expected):
    assert write_path(make("path", style, explode=explode), value) == expected


@pytest.mark.parametrize(
    ("style", "explode", "value", "expected"),
    [
        ("form", True, "blue", ["color=blue"]),
        ("form", True, "", ["color="]),
        ("form", True, LIST, ["color=blue", "color=black", "color=brown"]),
        ("form", False, LIST, ["color=blue,black,brown"]),
        ("form", False, ["a,b", "c d"], ["color=a%2Cb,c%20d"]),
        ("form", True, OBJECT, ["R=100", "G=200", "B=150"]),
        ("form", False, OBJECT, ["color=R,100,G,200,B,150"]),
        ("form", True, [], []),
        ("form", False, [], []),
        ("spaceDelimited", False, LIST, ["color=blue%20black%20brown"]),
        ("pipeDelimited", False, LIST, ["color=blue%7Cblack%7Cbrown"]),
        ("tabDelimited", False, LIST, ["color=blue%09black%09brown"]),
        ("deepObject", True, OBJECT, ["color%5BR%5D=100", "color%5BG%5D=200", "color%5BB%5D=150"]),
        ("deepObject", True, {"a": {"b": [1, 2]}}, ["color%5Ba%5D%5Bb%5D=1", "color%5Ba%5D%5Bb%5D=2"]),
        ("form", True, True, ["color=true"]),
    ],
)
def test_query_styles(style, explode, value, expected):
    assert write_query(make("query", style, explode=explode), value) == expected


def test_reserved_characters_stay_where_they_are_allowed():
    assert write_query(make("query", "form"), "a/b?c") == ["color=a%2Fb%3Fc"]
    assert write_query(make("query", "form", allow_reserved=True), "a/b?c d") == ["color=a/b?c%20d"]


def test_headers_and_cookies():
    assert write_header(make("header", "simple"), LIST) == "blue,black,brown"
    assert write_header(make("header", "simple"), "a b/c") == "a b/c"
    assert write_header(make("header", "simple", explode=True), OBJECT) == "R=100,G=200,B=150"
    assert write_cookie(make("cookie", "form", explode=False), LIST) == "color=blue,black,brown"


def test_content_parameters_are_json():
    assert write_query(make("query", "form", as_json=True), {"a": 1}) == ["color=%7B%22a%22%3A1%7D"]
    assert write_header(make("header", "simple", as_json=True), {"a": 1}) == '{"a":1}'
    assert write_path(make("path", "simple", as_json=True), [1]) == "%5B1%5D"
