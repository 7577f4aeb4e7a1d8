"""CloudEvents in all three modes: what was written is read again, and what is none is refused by its attribute."""

from __future__ import annotations

import json
import re
from base64 import b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.errors import KapellError, LimitExceededError, UsageError
from kapell.events import cloud_events, http_binding, json_format
from kapell.events.cloud_events import CloudEvent, check_event, make_event

MINIMAL = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.ordered"}
STRUCTURED = [(b"Content-Type", b"application/cloudevents+json; charset=utf-8")]
BATCHED = [(b"content-type", b"application/cloudevents-batch+json")]


def encode_headers(headers):
    return [(name.encode(), value.encode("ascii")) for name, value in headers]


def read_json(**members):
    return json_format.read_event(json.dumps({**MINIMAL, **members}).encode())


def read_binary(content=b"", content_type=None, **attributes):
    headers = [(b"Ce-" + name.encode(), value.encode()) for name, value in {**MINIMAL, **attributes}.items()]
    if content_type is not None:
        headers.append((b"Content-Type", content_type.encode()))
    (event,) = http_binding.read_message(headers, content)
    return event


# -- what is written is read again ----------------------------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]).filter(lambda each: not cloud_events._FORBIDDEN.search(each)),
    min_size=1,
    max_size=40,
)
sources = st.sampled_from(["/", "a", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "https://h:1/p?q=%20#f", "1-555"])
times = (
    st.datetimes(timezones=st.timezones())
    .map(lambda at: at.replace(fold=0))
    .map(lambda at: f"{at:%H:%M:%S.%f}".join([f"{at.year:04}-{at:%m-%d}T", "Z"]))
)
names = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True).filter(
    lambda name: name not in {*cloud_events.KNOWN, "data", "specversion"}
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
contents = st.one_of(
    st.fixed_dictionaries({}),
    st.fixed_dictionaries({"datacontenttype": st.sampled_from(["application/json", "text/xml", "image/png"])}),
    st.fixed_dictionaries({"datacontenttype": st.sampled_from(["application/json", "a/b+JSON; v=1"]), "data": values}),
    st.fixed_dictionaries(
        {
            "datacontenttype": st.sampled_from(["text/plain", "Text/XML;CharSet=UTF-8", "application/soap+xml"]),
            "data": st.text(min_size=1),
        }
    ),
    st.fixed_dictionaries(
        {
            "datacontenttype": st.sampled_from(["image/png", "text/plain; charset=koi8-r"]),
            "binary": st.binary(min_size=1),
        }
    ),
    st.fixed_dictionaries({"binary": st.binary(min_size=1)}),
)


@st.composite
def events(draw, extensions):
    optional = {name: draw(st.none() | each) for name, each in {"subject": texts, "time": times}.items()}
    schema = draw(st.sampled_from([None, "https://example.com/schema.json", "urn:x"]))
    return CloudEvent(
        id=draw(texts),
        source=draw(sources),
        type=draw(texts),
        dataschema=schema,
        extensions=draw(st.dictionaries(names, extensions, max_size=4)),
        **optional,
        **draw(contents),
    )


typed = st.booleans() | st.integers(-(2**31), 2**31 - 1) | texts | st.just("")


def is_writable(event):
    """JSON in the data may hold what JSON cannot say in 64 bits; such numbers are not what is tried here."""
    try:
        return msgspec.json.decode(msgspec.json.encode(event.data)) == event.data
    except (TypeError, msgspec.MsgspecError, OverflowError):
        return event.data is msgspec.UNSET


@given(events(typed).filter(is_writable))
def test_a_structured_event_is_read_as_it_was_written(event):
    check_event(event)
    assert json_format.read_event(json_format.write_event(event)) == event
    headers, content = http_binding.write_structured(event)
    assert http_binding.read_message(encode_headers(headers), content) == [event]


@given(st.lists(events(typed).filter(is_writable), max_size=3))
def test_a_batch_is_read_as_it_was_written(batch):
    headers, content = http_binding.write_batched(batch)
    assert http_binding.read_message(encode_headers(headers), content) == batch


@given(events(texts).filter(is_writable))
def test_a_binary_event_is_read_as_it_was_written(event):
    headers, content = http_binding.write_binary(event)
    assert all(re.fullmatch(r"[\x21-\x7e]*", value) for name, value in headers if name.startswith("ce-"))
    assert http_binding.read_message(encode_headers(headers), content) == [event]


# -- the specification's examples -----------------------------------------------------------------------------------


def test_values_of_headers_are_percent_encoded():
    event = make_event({**MINIMAL, "subject": "Euro \u20ac \U0001f600", "quoted": 'a"b%'})
    headers = dict(http_binding.write_binary(event)[0])
    assert headers["ce-subject"] == "Euro%20%E2%82%AC%20%F0%9F%98%80"
    assert headers["ce-quoted"] == "a%22b%25"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("Euro%20%e2%82%ac", "Euro \u20ac"),
        ("%41", "A"),
        ('"a b"', "a b"),
        (r'"a \"b\" %63"', 'a "b" c'),
        ("100%", "100%"),
        ("  padded ", "padded"),
    ],
)
def test_headers_of_other_writers_are_read(sent, meant):
    assert read_binary(subject=sent).subject == meant


def test_types_become_text_in_headers():
    event = make_event({**MINIMAL, "count": 5, "flag": True})
    (read,) = http_binding.read_message(encode_headers(http_binding.write_binary(event)[0]), b"")
    assert read.extensions == {"count": "5", "flag": "true"}


def test_data_without_a_content_type_is_json_and_written_as_that():
    event = read_json(data="I'm just a string")
    headers, content = http_binding.write_binary(event)
    assert dict(headers)["content-type"] == "application/json"
    assert content == b'"I\'m just a string"'


def test_bytes_without_a_content_type_stay_bytes():
    event = read_json(data_base64="eyAieHl6IjogMTIzIH0=")
    assert (event.binary, event.data) == (b'{ "xyz": 123 }', msgspec.UNSET)
    headers, content = http_binding.write_binary(event)
    assert "content-type" not in dict(headers)
    assert content == b'{ "xyz": 123 }'


@pytest.mark.parametrize(
    ("content_type", "content", "data"),
    [
        ("application/json", b'{"a": [1, null]}', {"a": [1, None]}),
        ("application/vnd.x+json; charset=UTF-8", b"1.5", 1.5),
        ("text/plain", "Gr\u00fc\u00dfe".encode(), "Gr\u00fc\u00dfe"),
        ("TEXT/XML", b"<a/>", "<a/>"),
        ("application/x-www-form-urlencoded", b"a=1", "a=1"),
    ],
)
def test_the_data_is_the_same_whichever_way_it_came(content_type, content, data):
    assert read_binary(content, content_type).data == data
    assert read_json(datacontenttype=content_type, data=data).data == data
    encoded = read_json(datacontenttype=content_type, data_base64=b64encode(content).decode())
    assert (encoded.data, encoded.binary) == (data, None)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [("image/png", b"\x89PNG"), ("text/plain", b"\xff"), ("text/plain; charset=koi8-r", b"a"), (None, b"{}")],
)
def test_other_data_is_bytes(content_type, content):
    event = read_binary(content, content_type)
    assert (event.binary, event.data) == (content, msgspec.UNSET)


def test_what_is_null_is_not_set():
    event = read_json(subject=None, time=None, myext=None, data=None)
    assert (event.subject, event.extensions, event.data) == (None, {}, None)
    assert read_json(datacontenttype="text/xml", data=None).data is msgspec.UNSET
    assert read_json(data=None, data_base64="YQ==").binary == b"a"


def test_numbers_stay_exact():
    assert read_json(data=2**63 + 1).data == 2**63 + 1
    assert b"9223372036854775809" in json_format.write_event(read_json(data=2**63 + 1))


# -- what is none ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"specversion": None}, "`specversion` is missing"),
        ({"specversion": "0.3"}, "`specversion` has to be `1.0`"),
        ({"specversion": ["1.0"]}, "`specversion` has to be"),
        ({"id": None}, "`id` is missing"),
        ({"id": ""}, "`id` is empty"),
        ({"id": 7}, "`id` is not a string"),
        ({"id": "a\nb"}, "`id` has a control character"),
        ({"id": "\ufffe"}, "`id` has a control character"),
        ({"type": None}, "`type` is missing"),
        ({"source": None}, "`source` is missing"),
        ({"source": "a b"}, "`source` is no URI reference"),
        ({"source": "%zz"}, "`source` is no URI reference"),
        ({"source": "http://[::1"}, "`source` is no URI reference"),
        ({"source": "1a:b"}, "`source` is no URI reference"),
        ({"source": "/\u00e4"}, "`source` is no URI reference"),
        ({"source": "a#b#c"}, "`source` is no URI reference"),
        ({"subject": ""}, "`subject` is empty"),
        ({"time": "yesterday"}, "`time` is no time of RFC 3339"),
        ({"time": "2026-02-30T00:00:00Z"}, "`time` is no time"),
        ({"time": "2026-01-31 12:00:00Z"}, "`time` is no time"),
        ({"time": "2026-01-31T12:00:00"}, "`time` is no time"),
        ({"time": "2026-01-31T12:00:00+24:00"}, "`time` is no time"),
        ({"time": "\u0662026-01-31T12:00:00Z"}, "`time` is no time"),
        ({"time": 5}, "`time` is not a string"),
        ({"dataschema": "relative"}, "`dataschema` is no URI"),
        ({"datacontenttype": "json"}, "`datacontenttype` is no media type"),
        ({"datacontenttype": ["x"], "data_base64": "YQ=="}, "`datacontenttype` is not a string"),
        ({"datacontenttype": 7, "data": None}, "`datacontenttype` is not a string"),
        ({"datacontenttype": "text/xml", "data": {"a": 1}}, "`data` is no string"),
        ({"datacontenttype": "application/json", "data_base64": "YQ=="}, "`data` is not the JSON"),
        ({"data": 1, "data_base64": "YQ=="}, "`data` is there twice"),
        ({"data_base64": "?"}, "`data_base64` is no Base64"),
        ({"data_base64": "\u00e4"}, "`data_base64` is no Base64"),
        ({"data_base64": 5}, "`data_base64` is no Base64"),
        ({"orderId": "x"}, "`orderId` is no name of an attribute"),
        ({"order-id": "x"}, "`order-id` is no name of an attribute"),
        ({"": "x"}, "`` is no name of an attribute"),
        ({"count": 2**31}, "`count` is a number of more than 32 bits"),
        ({"count": 1.5}, "`count` is no string, whole number"),
        ({"extra": {"a": 1}}, "`extra` is no string, whole number"),
    ],
)
def test_what_is_no_event_is_refused_by_its_attribute(members, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        read_json(**members)


@pytest.mark.parametrize(
    "time",
    ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.123456789z", "2016-12-31T23:59:60Z", "2026-01-31T12:00:00-23:59"],
)
def test_times_stay_as_they_were_sent(time):
    assert read_json(time=time).time == time


@pytest.mark.parametrize(
    "source", ["/", ".", "?a", "#", "//h", "mailto:a@b.example", "http://[::1]:8/x", "a/b:c", "%C3%A4"]
)
def test_references_of_all_kinds_are_sources(source):
    assert read_json(source=source).source == source


@pytest.mark.parametrize(
    "members",
    [
        {"id": "x" * 513},
        {"subject": "\u00e4" * 513},
        {"extra": "x" * 9000},
        {"data": "x" * (1024 * 1024 + 1)},
        {"data_base64": "AAAA" * 262145},
        {f"x{number}": "" for number in range(101)},
    ],
)
def test_what_is_too_large_is_refused(members):
    with pytest.raises(LimitExceededError):
        read_json(**members)


def test_an_event_is_measured_as_it_is_stored():
    event = read_json(data="\u20ac" * 400_000)
    with pytest.raises(LimitExceededError, match="1048576 bytes"):
        json_format.write_event(event)


@pytest.mark.parametrize("levels", [401, 100_000])
def test_what_is_too_deep_is_refused(levels):
    deep = b"[" * levels + b"]" * levels
    content = json.dumps(MINIMAL).encode()[:-1] + b',"data":' + deep + b"}"
    with pytest.raises(LimitExceededError, match="levels"):
        json_format.read_event(content)
    with pytest.raises(LimitExceededError, match="levels"):
        read_binary(deep, "application/json")
    with pytest.raises(LimitExceededError, match="levels"):
        json_format.read_batch(b"[" + content + b"]")


def test_a_batch_says_which_event_is_none():
    with pytest.raises(UsageError, match=r"Number 2 of the batch: The event's `id` is missing"):
        json_format.read_batch(json.dumps([MINIMAL, {**MINIMAL, "id": None}]).encode())
    with pytest.raises(UsageError, match="Number 1 of the batch: An event is a JSON object"):
        json_format.read_batch(b"[[]]")
    with pytest.raises(UsageError, match="is a JSON array"):
        http_binding.read_message(BATCHED, json.dumps(MINIMAL).encode())
    with pytest.raises(LimitExceededError, match="1000 events"):
        json_format.read_batch(b"[" + b",".join([b"1"] * 1001) + b"]")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([(b"content-type", b"application/json")], "is no event"),
        ([], "is no event"),
        ([(b"content-type", b"application/cloudevents+avro")], "only the JSON format"),
        ([(b"content-type", b"text/plain"), (b"Content-Type", b"text/xml")], "more than once"),
        ([(b"ce-id", b"1")], "`specversion` is missing"),
        ([(b"ce-specversion", b"1.0"), (b"ce-id", b"1"), (b"CE-ID", b"2")], "more than one header `ce-id`"),
        ([(b"ce-id", b"%C0%A0")], "`id` is not percent-encoded UTF-8"),
        ([(b"ce-id", b"\xff")], "`id` is not percent-encoded UTF-8"),
        ([(b"ce-specversion", b"1.0"), (b"ce-datacontenttype", b"text/xml")], "is the header `Content-Type`"),
    ],
)
def test_messages_that_are_no_event_are_refused(headers, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        http_binding.read_message(headers, b"{}")


@pytest.mark.parametrize("member", ["source", "datacontenttype", "time", "type"])
@pytest.mark.parametrize(
    "text", ["a" * 900 + " ", "/" * 900 + "\x7f", "a/b" + ";  " * 290 + '"', "[" * 900, "%41" * 300 + "%"]
)
def test_long_attributes_are_judged_at_once(member, text):
    with pytest.raises(KapellError):
        read_json(**{member: text})


message_headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"ce-id", b"ce-source", b"ce-type", b"ce-specversion", b"ce-time", b"content-type", b"ce-\xff"]
        ),
        st.binary(max_size=30) | st.sampled_from([b"1.0", b"/", b"application/cloudevents+json", b"text/xml"]),
    ),
    max_size=8,
)


@given(message_headers, st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_events_or_a_refusal(headers, content):
    try:
        found = http_binding.read_message(headers, content)
    except (UsageError, LimitExceededError) as error:
        assert error.message  # noqa: PT017 -- either is well
    else:
        assert all(isinstance(event, CloudEvent) for event in found)


@given(st.dictionaries(st.sampled_from([*MINIMAL, "time", "data", "data_base64", "datacontenttype", "x"]), values))
def test_whatever_object_comes_is_an_event_or_a_refusal(members):
    content = json.dumps({**MINIMAL, **members}).encode()
    try:
        event = json_format.read_event(content)
    except (UsageError, LimitExceededError) as error:
        assert error.message  # noqa: PT017 -- either is well
    else:
        assert json_format.read_event(json_format.write_event(event)) == event
