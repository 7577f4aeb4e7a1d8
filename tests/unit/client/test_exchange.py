"""What is asked again, after how long, and when the client gives up."""

import msgspec
import pytest

from kapell.api.problems import make_problem
from kapell.client.calls import Call
from kapell.client.errors import UnexpectedAnswerError, UnreachableError, UntrustedServerError
from kapell.client.exchange import Credentials, Exchange, Patience
from kapell.client.following import Follower, Stream
from kapell.client.profile import Profile
from kapell.client.wire.workflows import Source
from kapell.errors import NotFoundError, StorageError, TooManyAttemptsError, UnauthenticatedError

PROBLEM = {"content-type": "application/problem+json"}
JSON = {"content-type": "application/json"}
GET = Call(method="GET", path="/x", gives=dict)
POST = Call(method="POST", path="/x", gives=dict, body=Source("a"))
KEYED = Call(method="POST", path="/x", gives=dict, body=Source("a"), key="k")
SIGN_IN = Call(method="POST", path="/sign-in", gives=dict, is_patient=False)
REFUSED = UnreachableError("Refused.")
BROKEN = UnreachableError("Broken.", was_sent=True)


def exchange(call, **profile):
    return Exchange(call, Credentials(Profile(address="http://there", token="kpl_x", **profile)))


def problem(code, status=0, **rest):
    made = make_problem(code, "It is so.", status=status, **rest)
    return made.status, msgspec.json.encode(made)


def answer(made, code, status=0, **headers):
    number, content = problem(code, status)
    return made.receive(number, PROBLEM | headers, content)


def test_an_answer_ends_the_exchange():
    made = exchange(GET)
    assert made.receive(200, JSON, b'{"a": 1}') is None
    assert made.answer == {"a": 1}


@pytest.mark.parametrize("call", [GET, POST, KEYED])
def test_what_was_never_sent_is_sent_again(call):
    assert exchange(call).fail(REFUSED) > 0


def test_what_may_have_arrived_is_sent_again_where_that_does_no_harm():
    assert exchange(GET).fail(BROKEN) > 0
    assert exchange(KEYED).fail(BROKEN) > 0
    with pytest.raises(UnreachableError, match="Broken"):
        exchange(POST).fail(BROKEN)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_is_away_for_a_moment_is_asked_again_where_that_does_no_harm(status):
    assert answer(exchange(GET), "storage", status) > 0
    assert answer(exchange(KEYED), "storage", status) > 0
    with pytest.raises(StorageError):
        answer(exchange(POST), "storage", status)


def test_the_server_says_how_long_to_wait():
    assert answer(exchange(GET), "storage", **{"retry-after": "9"}) == 9
    assert answer(exchange(POST), "too_many_attempts", **{"retry-after": "9"}) == 9


def test_nobody_waits_for_another_attempt_to_sign_in():
    with pytest.raises(TooManyAttemptsError):
        answer(exchange(SIGN_IN), "too_many_attempts", **{"retry-after": "9"})


def test_a_wait_beyond_the_limit_is_not_begun():
    with pytest.raises(TooManyAttemptsError) as raised:
        answer(exchange(GET, retry_seconds=5), "too_many_attempts", **{"retry-after": "9"})
    assert raised.value.retry_after_seconds == 9


@pytest.mark.parametrize(("code", "kind"), [("not_found", NotFoundError), ("unauthenticated", UnauthenticatedError)])
def test_what_stays_so_is_not_asked_again(code, kind):
    with pytest.raises(kind):
        answer(exchange(GET), code)


def test_a_certificate_that_is_not_trusted_stays_so():
    with pytest.raises(UntrustedServerError):
        exchange(GET).fail(UntrustedServerError("No."))


def test_pauses_double_and_come_to_an_end():
    patience = Patience(10, chance=lambda: 1.0)
    pauses = [patience.pause(REFUSED) for _ in range(6)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2])
    with pytest.raises(UnreachableError):
        patience.pause(REFUSED)


def test_chance_spreads_the_pauses():
    assert Patience(10, chance=lambda: 0.0).pause(REFUSED) == pytest.approx(0.05)


def test_who_does_not_want_to_wait_is_told_at_once():
    with pytest.raises(UnreachableError):
        exchange(GET, retry_seconds=0).fail(REFUSED)


def test_an_answer_of_another_shape_is_unexpected():
    with pytest.raises(UnexpectedAnswerError, match="cannot be read"):
        exchange(GET).receive(200, JSON, b"[]")
    with pytest.raises(UnexpectedAnswerError, match="text/html"):
        exchange(GET).receive(200, {"content-type": "text/html"}, b"<h1>Welcome</h1>")


def test_a_session_takes_the_place_of_the_token_until_it_ends():
    credentials = Credentials(Profile(address="http://there", token="kpl_x"))
    assert credentials.make_headers(GET)["Authorization"] == "Bearer kpl_x"
    Exchange(SIGN_IN, credentials).receive(200, JSON | {"set-cookie": "kapell_session=abc; Path=/; HttpOnly"}, b"{}")
    assert credentials.make_headers(GET)["Cookie"] == "kapell_session=abc"
    assert "Authorization" not in credentials.make_headers(GET)
    Exchange(SIGN_IN, credentials).receive(200, JSON | {"set-cookie": 'kapell_session=""; Max-Age=0'}, b"{}")
    assert "Cookie" not in credentials.make_headers(GET)


# -- streams -----------------------------------------------------------------------------------------------------------

STREAM = {"content-type": "text/event-stream; charset=utf-8"}


def follower(**profile):
    stream = Stream(call=GET, read=lambda event: int(event.data))
    return Follower(stream, Credentials(Profile(address="http://there", **profile)))


def test_a_stream_is_resumed_after_the_last_event_that_came_whole():
    made = follower()
    assert made.begin(200, STREAM)
    assert made.feed(b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 3\nda") == [1, 2]
    assert made.fail() > 0
    assert made.headers["Last-Event-ID"] == "2"
    assert made.begin(200, STREAM)
    assert made.feed(b"id: 3\ndata: 3\n\nid: 3\nevent: end\ndata: {}\n\n") == [3]
    assert made.is_over


def test_a_stream_that_is_refused_says_why():
    made = follower()
    assert not made.begin(404, PROBLEM)
    with pytest.raises(NotFoundError):
        made.refuse(*problem("not_found")[:1], PROBLEM, problem("not_found")[1])
    assert not made.begin(200, {"content-type": "text/html"})
    with pytest.raises(UnexpectedAnswerError):
        made.refuse(200, {"content-type": "text/html"}, b"")


def test_a_server_that_starts_anew_is_asked_again():
    status, content = problem("storage")
    assert follower().refuse(status, PROBLEM, content) > 0


def test_a_stream_that_never_comes_is_given_up():
    made = follower(retry_seconds=1)
    pauses = 0.0
    with pytest.raises(UnreachableError, match="cuts the stream"):  # noqa: PT012 -- it is raised sooner or later
        while pauses < 2:
            pauses += made.fail()
