"""Where secrets come from, and that the redactor finds them in every form that they are likely to take."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.engine.secrets import MASK, Redactor, SecretSource
from kapell.errors import NotFoundError, UsageError


def test_the_file_goes_before_the_environment(tmp_path):
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"token": "from file", "login": {"username": "ada"}}))
    source = SecretSource(file, {"KAPELL_SECRET_token": "from environment", "KAPELL_SECRET_other": "x"})
    assert source.get_secret("token") == "from file"
    assert source.get_secret("login") == {"username": "ada"}
    assert source.get_secret("other") == "x"


@pytest.mark.parametrize(
    "variable", ["KAPELL_SECRET_my-api.key", "KAPELL_SECRET_my_api_key", "KAPELL_SECRET_MY_API_KEY"]
)
def test_names_in_the_environment(variable):
    assert SecretSource(environment={variable: "x"}).get_secret("my-api.key") == "x"


def test_an_object_in_the_environment_is_read_as_one():
    source = SecretSource(environment={"KAPELL_SECRET_a": '{"b": 1}', "KAPELL_SECRET_c": "{no json"})
    assert source.get_secret("a") == {"b": 1}
    assert source.get_secret("c") == "{no json"


def test_a_secret_that_is_not_there_says_how_to_give_it():
    source = SecretSource(environment={})
    with pytest.raises(NotFoundError, match=r"no secret `my-key`.*KAPELL_SECRET_MY_KEY"):
        source.get_secret("my-key")
    assert source.find_secrets(("my-key",)) == {}


@pytest.mark.parametrize("content", ["", "[]", '{"a": ', "\xff"])
def test_a_file_that_is_no_object_is_refused(tmp_path, content):
    file = tmp_path / "secrets.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match="no JSON object"):
        SecretSource(file, {})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        SecretSource(tmp_path / "nowhere", {})


SECRET = "pa$$w0rd/with+signs & ünïcode?"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
    ],
)
def test_each_form_of_a_secret_is_redacted(form):
    assert Redactor({"key": SECRET}).redact_text(f"before {form} after") == f"before {MASK} after"


def test_a_secret_within_what_is_encoded_is_redacted():
    redactor = Redactor({"login": {"username": "ada.lovelace", "password": "notes-on-the-engine"}})
    header = base64.b64encode(b"ada.lovelace:notes-on-the-engine").decode()
    said = redactor.redact_text(f"Authorization: Basic {header}")
    assert MASK in said
    assert not any(base64.b64encode(b"the-engine"[n:])[:8].decode() in said for n in range(3))


@given(st.binary(max_size=9), st.binary(max_size=9), st.text("abcdefgh0123", min_size=12, max_size=40))
def test_a_secret_is_found_at_every_place_of_what_is_encoded(before, after, secret):
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        said = Redactor({"key": secret}).redact_text(encode(before + secret.encode() + after).decode())
        left = "".join(said.split(MASK))
        assert len(left) <= len(encode(before + after)) + 8


def test_each_line_of_a_secret_of_many_lines_is_redacted():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
    said = Redactor({"key": key}).redact_text("first MIIEvQIBADANBgkq\nthen hkiG9w0BAQEFAASC.")
    assert said == f"first {MASK}\nthen {MASK}."
    assert Redactor({"key": key}).redact_text(f"all: {key}") == f"all: {MASK}"


def test_the_longer_of_two_secrets_goes_first():
    redactor = Redactor({"a": "secret", "b": "secret-and-more"})
    assert redactor.redact_text("secret-and-more, secret") == f"{MASK}, {MASK}"


def test_values_of_three_letters_are_left():
    assert Redactor({"a": "abc"}).redact_text("abc") == "abc"


def test_numbers_and_nested_values_of_a_secret():
    redactor = Redactor({"a": {"b": ["deep-value"], "n": 12345678}})
    assert redactor.redact_text("deep-value") == MASK


def test_json_values_are_redacted_keys_too():
    redactor = Redactor({"a": "hunter2"})
    value = {"hunter2": ["x hunter2", {"n": 1, "ok": None}], "other": True}
    assert redactor.redact(value) == {MASK: [f"x {MASK}", {"n": 1, "ok": None}], "other": True}


def test_without_secrets_a_value_is_given_back_as_it_is():
    value = {"a": [1]}
    assert Redactor({}).redact(value) is value


@given(st.text(min_size=4, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_in_plain_form(secret, before, after):
    redacted = Redactor({"key": secret}).redact_text(before + secret + after)
    assert secret in MASK or secret not in redacted or len(secret.splitlines()) != 1
