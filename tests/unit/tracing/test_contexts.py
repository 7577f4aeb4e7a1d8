"""Which trace a run belongs to."""

import pytest

from kapell.tracing.contexts import find_context, make_attempt_id, make_span_id, read_traceparent, write_traceparent

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_traceparent_is_read_and_written_as_the_standard_has_it():
    context = read_traceparent(CALLER)
    assert f"{context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert write_traceparent(context, context.parent_id) == CALLER
    assert write_traceparent(context._replace(is_sampled=False), 1).endswith("-0000000000000001-00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
    ],
)
def test_what_is_no_traceparent_is_as_if_there_were_none(text):
    assert read_traceparent(text) is None
    assert find_context("run", text, 1.0) == find_context("run", None, 1.0)


def test_ids_follow_from_the_run_and_differ_for_different_places():
    places = [("run",), ("task", 1), ("task", 11), ("task", 1, 1), ("attempt", 1, 1)]
    ids = {make_span_id(run_id, *place) for run_id in ("a", "b") for place in places}
    assert len(ids) == 10
    assert all(0 < each < 2**64 for each in ids)
    assert make_attempt_id("a", 1, 1) == make_span_id("a", "attempt", 1, 1)
    assert find_context("a", None, 1.0).trace_id != find_context("b", None, 1.0).trace_id


def test_the_ratio_holds_and_whoever_starts_a_run_decides_for_it():
    sampled = [number for number in range(2000) if find_context(str(number), None, 0.25).is_sampled]
    assert 400 < len(sampled) < 600
    assert all(find_context(str(number), None, 0.5).is_sampled for number in sampled)
    assert not any(find_context(str(number), None, 0).is_sampled for number in range(100))
    assert all(find_context(str(number), None, 1).is_sampled for number in range(100))
    assert find_context("run", CALLER, 0).is_sampled
    assert not find_context("run", CALLER[:-1] + "0", 1).is_sampled
