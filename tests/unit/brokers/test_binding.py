import json

import pytest

from kapell.brokers.binding import find_fault, make_structured, read_form
from kapell.brokers.broker import STRUCTURED_TYPE, Message

ATTRIBUTES = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "order.placed"}


@pytest.mark.parametrize(
    ("content_type", "attributes", "expected"),
    [
        ("application/json", ATTRIBUTES, ("application/json", ATTRIBUTES)),
        ("", ATTRIBUTES, ("", ATTRIBUTES)),
        # Some senders repeat the content type among the attributes, those to NATS have it there only.
        ("", ATTRIBUTES | {"datacontenttype": "text/plain"}, ("text/plain", ATTRIBUTES)),
        ("application/json", ATTRIBUTES | {"datacontenttype": "application/json"}, ("application/json", ATTRIBUTES)),
        (
            "application/cloudevents+json; charset=UTF-8",
            ATTRIBUTES,
            ("application/cloudevents+json; charset=UTF-8", {}),
        ),
        ("", {}, (STRUCTURED_TYPE, {})),
        ("application/json", {"unit": "kg"}, (STRUCTURED_TYPE, {})),
        ("text/plain", {"unit": "kg"}, ("text/plain", {"unit": "kg"})),
    ],
)
def test_the_form_of_a_message(content_type, attributes, expected):
    assert read_form(content_type, attributes) == expected


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_binary_message_without_a_required_attribute_is_none(name):
    attributes = {key: value for key, value in ATTRIBUTES.items() if key != name}
    message = Message(content_type="", attributes=attributes, payload=b"")
    assert find_fault(message) == f"it has no `{name}`"


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (json.dumps(ATTRIBUTES | {"data": {"deep": [1]}}).encode(), ""),
        (json.dumps({"id": "e1"}).encode(), "missing required field"),
        (json.dumps(ATTRIBUTES | {"id": 1}).encode(), "Expected `str`, got `int`"),
        (b"[]", "Expected `object`, got `array`"),
        (b"\xff", "it is no event in the JSON format of CloudEvents"),
        (b'{"data": ' + b"[" * 100_000, "it is no event in the JSON format of CloudEvents"),
        (b"", "it is no event in the JSON format of CloudEvents"),
    ],
)
def test_a_structured_message_has_to_be_an_event(payload, told):
    fault = find_fault(Message(content_type=STRUCTURED_TYPE, payload=payload))
    assert (told in fault) if told else fault == ""


def test_other_formats_are_not_read():
    message = Message(content_type="application/cloudevents-batch+json", payload=b"[]")
    assert "application/cloudevents-batch+json" in find_fault(message)


@pytest.mark.parametrize(
    ("content_type", "payload", "expected"),
    [
        ("application/json", b'{"n": 1.50}', {"datacontenttype": "application/json", "data": {"n": 1.5}}),
        ("application/vnd.shop+json; v=1", b"[]", {"datacontenttype": "application/vnd.shop+json; v=1", "data": []}),
        ("image/png", b"\x89PNG", {"datacontenttype": "image/png", "data_base64": "iVBORw=="}),
        ("", b"\x00", {"data_base64": "AA=="}),
        ("application/json", b"", {"datacontenttype": "application/json"}),
    ],
)
def test_a_binary_message_is_written_in_structured_form(content_type, payload, expected):
    message = Message(content_type=content_type, attributes=ATTRIBUTES, payload=payload)
    assert json.loads(make_structured(message)) == ATTRIBUTES | expected


def test_a_structured_message_stays_as_it_is():
    payload = json.dumps(ATTRIBUTES).encode()
    assert make_structured(Message(content_type=STRUCTURED_TYPE, payload=payload)) is payload
