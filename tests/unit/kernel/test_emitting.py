"""The event that `emit` makes."""

import pytest

from kapell.kernel import effects as fx
from kapell.kernel.emitting import MAX_EVENT_BYTES


def emit(listen, written, value=None):
    return listen(f"- tell: {{ emit: {{ event: {{ with: {written} }} }} }}", value)


def test_what_is_not_written_is_filled_in(listen):
    run = emit(listen, "{ type: a, data: { n: '${ .n }' } }", {"n": 1})
    (event,) = [effect.event for effect in run.effects if isinstance(effect, fx.PublishEvent)]
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "kapell://test/unit",
        "time": "2023-11-14T22:13:20Z",
        "type": "a",
        "data": {"n": 1},
        "datacontenttype": "application/json",
    }
    assert len(event["id"]) == 32
    assert run.output == event


def test_an_attribute_that_is_null_is_left_out(listen):
    run = emit(listen, "{ type: a, subject: '${ .missing }' }")
    assert "subject" not in run.output


def test_extension_attributes_are_texts_numbers_and_booleans(listen):
    run = emit(listen, "{ type: a, priority: 3, urgent: true, trace: x }")
    assert (run.output["priority"], run.output["urgent"], run.output["trace"]) == (3, True, "x")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{ type: '${ .missing }' }", "it has no `type`"),
        ("{ type: '${ 1 }' }", "its `type` must be a text"),
        ("{ type: a, source: '${ \"\" }' }", "its `source` must be a text that is not empty"),
        ("{ type: a, my_own: x }", "`my_own` is no name of an attribute"),
        ("{ type: a, nested: { x: 1 } }", "its `nested` must be a text, a whole number"),
        ("{ type: a, size: 1.5 }", "its `size` must be a text, a whole number"),
        ("{ type: a, size: 4294967296 }", "its `size` must be a text, a whole number of 32 bits"),
    ],
)
def test_what_is_no_event_faults_and_is_not_published(listen, written, said):
    run = emit(listen, written)
    assert run.state.status == "faulted"
    assert run.state.error.type.endswith("/validation")
    assert said in run.state.error.detail
    assert not any(isinstance(effect, fx.PublishEvent) for effect in run.effects)


def test_data_that_is_too_large_faults(listen):
    run = emit(listen, "{ type: a, data: '${ . }' }", "x" * (MAX_EVENT_BYTES + 1))
    assert run.state.error.status == 413
