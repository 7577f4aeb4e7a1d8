"""The standard error types in their four forms, and the error object."""

from __future__ import annotations

import pytest

from kapell.language import error_types
from kapell.language.error_types import WorkflowError, canonical_error_type, error_type_matches, make_error

FORMS = [
    "https://serverlessworkflow.io/spec/1.0.0/errors/communication",
    "https://serverlessworkflow.io/dsl/errors/types/communication",
    "https://open-workflow-specification.org/spec/1.0.0/errors/communication",
    "https://open-workflow-specification.org/dsl/errors/types/communication",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_all_forms_of_a_standard_type_match_each_other(form: str, other: str) -> None:
    assert error_type_matches(form, other)
    assert canonical_error_type(form) == error_types.COMMUNICATION


def test_other_standard_types_do_not_match() -> None:
    assert not error_type_matches(FORMS[1], error_types.TIMEOUT)


def test_a_custom_type_stays_as_it_is_written() -> None:
    custom = "https://serverlessworkflow.io/errors/types/compliance"
    assert canonical_error_type(custom) == custom
    assert error_type_matches(custom, custom)
    assert not error_type_matches(custom, "https://serverlessworkflow.io/errors/compliance")


def test_an_unknown_name_under_the_standard_prefix_is_no_standard_type() -> None:
    unknown = "https://serverlessworkflow.io/dsl/errors/types/compliance"
    assert canonical_error_type(unknown) == unknown


@pytest.mark.parametrize(("name", "uri"), [("timeout", error_types.TIMEOUT), ("lost", error_types.LOST)])
def test_a_bare_standard_name_is_understood(name: str, uri: str) -> None:
    assert canonical_error_type(name) == uri


def test_an_error_leaves_out_what_says_nothing() -> None:
    error = make_error(error_types.TIMEOUT, instance="/do/0/wait")
    assert error.to_json() == {
        "type": "https://serverlessworkflow.io/spec/1.0.0/errors/timeout",
        "status": 408,
        "title": "Timeout",
        "instance": "/do/0/wait",
    }


def test_an_error_of_a_custom_type_has_the_status_of_a_runtime_error_unless_given() -> None:
    assert make_error("https://example.com/errors/x").status == 500
    assert make_error(error_types.COMMUNICATION, "gone", status=503) == WorkflowError(
        type=error_types.COMMUNICATION, status=503, title="Communication error", detail="gone"
    )
