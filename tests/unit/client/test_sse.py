"""Server-sent events, as WHATWG HTML 9.2.6 has them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.client.sse import ServerSentEvent, SseParser


def parse(text):
    return SseParser().feed(text.encode())


def test_an_event_has_a_kind_an_id_and_lines_of_data():
    assert parse("id: 7\nevent: run\ndata: a\ndata: b\n\n") == [ServerSentEvent("run", "a\nb", "7")]


def test_one_space_after_the_colon_does_not_count():
    assert parse("data:a\n\ndata:  a\n\ndata: a\n\n") == [
        ServerSentEvent("message", "a", ""),
        ServerSentEvent("message", " a", ""),
        ServerSentEvent("message", "a", ""),
    ]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_lines_end_in_three_ways(end):
    assert parse(end.join(["data: a", "", "data: b", "", ""]))[0].data == "a"
    assert len(parse(end.join(["data: a", "", "data: b", "", "", ""]))) == 2


def test_the_id_stays_until_another_is_told_also_without_data():
    assert parse("id: 1\n\ndata: a\n\nid: 2\ndata: b\n\n") == [
        ServerSentEvent("message", "a", "1"),
        ServerSentEvent("message", "b", "2"),
    ]


def test_comments_unknown_fields_and_ids_with_a_null_are_passed_over():
    assert parse(": still here\n\nretry: 5\nid: 1\0\nfoo\ndata\n\n") == [ServerSentEvent("message", "", "")]


def test_what_is_not_ended_is_not_told():
    parser = SseParser()
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\n") == [ServerSentEvent("message", "a", "")]


def test_a_mark_of_the_byte_order_is_passed_over():
    assert parse("\ufeffdata: a\n\n") == [ServerSentEvent("message", "a", "")]


LINES = st.lists(
    st.sampled_from(["data: ä", "data: {}", "id: 4", "event: x", ": c", "", "", "data:", "dat\u2028a: q"]), max_size=12
)


@given(LINES, st.sampled_from(["\n", "\r", "\r\n"]), st.lists(st.integers(0, 80)))
def test_it_does_not_matter_where_the_stream_is_cut(lines, end, cuts):
    whole = "".join(line + end for line in [*lines, "data: last", "", ": c"]).encode()
    parser = SseParser()
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    pieces = [whole[begin:stop] for begin, stop in pairwise(places)]
    assert [event for piece in pieces for event in parser.feed(piece)] == SseParser().feed(whole)
    assert SseParser().feed(whole)[-1].data.endswith("last")
