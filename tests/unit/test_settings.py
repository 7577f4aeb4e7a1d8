"""Where settings come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapell.errors import UsageError
from kapell.settings import read_settings


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "kapell.toml"

    def write(text):
        path.write_text(text)
        return {"KAPELL_CONFIG": str(path)}

    return write


def test_flags_come_before_the_environment_and_that_before_the_file(config):
    environment = config('max_calls = 1\nport = 9000\ndata = "here"\n') | {
        "KAPELL_MAX_CALLS": "2",
        "KAPELL_PORT": "9001",
    }
    settings = read_settings(environment, port=9002, host=None)
    assert (settings.max_calls, settings.port, settings.data) == (2, 9002, Path("here"))
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_cals = 1", ["max_cals", "Did you mean max_calls?"]),
        ("max_calls = 'many'", ["max_calls", "int"]),
        ("max_calls = 0", ["at least 1"]),
        ("max_calls = = 1", ["kapell.toml", "KAPELL_CONFIG"]),
    ],
)
def test_what_is_wrong_in_the_file_is_refused_with_a_hint(config, text, words):
    with pytest.raises(UsageError) as caught:
        read_settings(config(text))
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml"):
        read_settings({"KAPELL_CONFIG": str(tmp_path / "none.toml")})


def test_an_unknown_variable_is_refused():
    with pytest.raises(UsageError, match="Did you mean KAPELL_MAX_CALLS"):
        read_settings({"KAPELL_MAX_CALS": "1"})


PROVIDER = '[oidc.corp]\nissuer = "https://id.example"\nclient_id = "kapell"\n'


def test_providers_stand_in_tables_of_the_file_and_one_in_the_environment(config):
    environment = config(PROVIDER + 'scopes = ["openid", "groups"]\n') | {
        "KAPELL_OIDC_ISSUER": "https://other.example",
        "KAPELL_OIDC_CLIENT_ID": "us",
        "KAPELL_OIDC_SCOPES": "openid, email",
    }
    found = read_settings(environment).oidc
    assert [(key, each.issuer, each.scopes) for key, each in found.items()] == [
        ("corp", "https://id.example", ("openid", "groups")),
        ("sso", "https://other.example", ("openid", "email")),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PROVIDER + "client_secrt = 'x'", ["oidc.corp.client_secrt", "Did you mean client_secret?"]),
        (PROVIDER + "people = 'all'", ["people", "oidc"]),
        ("[oidc.corp]\nissuer = 'https://id.example'", ["client_id"]),
        ("oidc = 'https://id.example'", ["oidc"]),
        ("public_url = 'kapell.example'", ["public_url", "https://"]),
    ],
)
def test_what_is_wrong_with_a_provider_is_refused_with_a_hint(config, text, words):
    with pytest.raises(UsageError) as caught:
        read_settings(config(text))
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_providers_secret_is_not_shown_with_the_settings(config):
    settings = read_settings(config(PROVIDER + 'client_secret = "hush"\n'))
    assert settings.oidc["corp"].client_secret == "hush"
    assert "hush" not in repr(settings)
