"""From answers to errors: the classes that the server raised, and what to say of answers that no Kapell gives."""

import msgspec
import pytest

from kapell import errors
from kapell.api.problems import STATUSES, make_problem
from kapell.client.errors import UnexpectedAnswerError
from kapell.client.problems import read_problem

PROBLEM = {"content-type": "application/problem+json"}


def read(problem, **headers):
    content = msgspec.json.encode(msgspec.structs.replace(problem, request_id="r1"))
    return read_problem("http://there", problem.status, PROBLEM | headers, content)


@pytest.mark.parametrize(
    "kind",
    [
        errors.NotFoundError,
        errors.ConflictError,
        errors.UsageError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.LimitExceededError,
        errors.StorageError,
        errors.StaleOwnerError,
        errors.DamagedHistoryError,
    ],
)
def test_the_error_is_of_the_class_that_the_server_raised(kind):
    error = read(make_problem(kind.code, "It is so.", hint="Do that.", retryable=kind.retryable))
    assert type(error) is kind
    assert (error.code, error.message, error.hint) == (kind.code, "It is so.", "Do that.")
    assert (error.request_id, error.retryable) == ("r1", kind.retryable)


@pytest.mark.parametrize("code", STATUSES)
def test_every_code_becomes_an_error_that_keeps_it(code):
    error = read(make_problem(code, "It is so."))
    assert isinstance(error, errors.KapellError)
    assert error.code == code


def test_an_unknown_code_is_known_by_its_status():
    assert isinstance(read(make_problem("brand_new", "No.", status=409)), errors.ConflictError)
    assert type(read(make_problem("brand_new", "No.", status=500))) is errors.KapellError
    assert errors.ConflictError.code == "conflict"


def test_too_many_attempts_say_how_long_to_wait():
    error = read(make_problem("too_many_attempts", "Wait."), **{"retry-after": "7"})
    assert isinstance(error, errors.TooManyAttemptsError)
    assert error.retry_after_seconds == 7


def test_a_page_of_a_proxy_is_named_as_what_it_is():
    page = b"<html><head><style>p {}</style><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    error = read_problem("http://there", 502, {"content-type": "text/html; charset=utf-8"}, page)
    assert isinstance(error, UnexpectedAnswerError)
    assert "http://there answered 502 with text/html" in error.message
    assert "502 Bad Gateway nginx" in error.message
    assert "proxy" in error.hint


def test_a_redirection_says_where_to():
    error = read_problem("http://there", 301, {"location": "https://there/"}, b"")
    assert "https://there/" in error.message


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff"])
def test_a_problem_that_cannot_be_read_is_unexpected(content):
    assert isinstance(read_problem("http://there", 500, PROBLEM, content), UnexpectedAnswerError)
