"""Where the server is, and who asks."""

import stat

import pytest

from kapell.client.profile import check_address, find_profile, find_token_path, store_token
from kapell.errors import UsageError


def find(*given, tmp_path=None, environment=None, **rest):
    home = {} if tmp_path is None else {"HOME": str(tmp_path)}
    return find_profile(*given, environment=home | (environment or {}), **rest)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("http://there:8020", "http://there:8020"),
        ("https://There.example/", "https://there.example"),
        ("https://there:443/kapell/", "https://there/kapell"),
        ("http://there:80", "http://there"),
        ("http://[::1]:8020", "http://[::1]:8020"),
        ("http://there:8020/api/v1", "http://there:8020"),
    ],
)
def test_an_address_has_one_plain_form(written, plain):
    assert check_address(written) == plain


@pytest.mark.parametrize(
    "written", ["there:8020", "ftp://there", "http://", "http://there:x", "http://me:secret@there", "http://there?a=1"]
)
def test_what_is_no_address_is_refused(written):
    with pytest.raises(UsageError) as raised:
        check_address(written)
    assert raised.value.hint


def test_what_is_given_counts_first_then_the_environment(tmp_path):
    environment = {"KAPELL_SERVER": "http://env:1", "KAPELL_TOKEN": "kpl_env"}
    found = find(tmp_path=tmp_path, environment=environment)
    assert (found.address, found.token) == ("http://env:1", "kpl_env")
    found = find("http://given:1", token="kpl_given", tmp_path=tmp_path, environment=environment)
    assert (found.address, found.token) == ("http://given:1", "kpl_given")
    assert find(tmp_path=tmp_path).address == "http://127.0.0.1:8020"


def test_a_token_comes_from_a_file(tmp_path):
    file = tmp_path / "token"
    file.write_text("kpl_file\n")
    assert find("http://a", token_file=file, tmp_path=tmp_path).token == "kpl_file"
    assert find("http://a", tmp_path=tmp_path, environment={"KAPELL_TOKEN_FILE": str(file)}).token == "kpl_file"


@pytest.mark.parametrize("content", ["", "\n", "two words", "two\nlines", "ümlaut"])
def test_a_file_without_a_token_is_refused(tmp_path, content):
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(UsageError, match="token file"):
        find("http://a", token_file=file, tmp_path=tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        find("http://a", token_file=tmp_path / "nowhere", tmp_path=tmp_path)
    with pytest.raises(UsageError, match="nowhere"):
        find("http://a", ca_bundle=tmp_path / "nowhere", tmp_path=tmp_path)


def test_a_sign_in_is_found_again_for_its_address_only(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    path = store_token("http://there:8020", "kpl_kept")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "settings")}
    assert path == find_token_path("http://there:8020", environment)
    assert find("http://there:8020/", environment=environment).token == "kpl_kept"
    assert find("http://there:8021", environment=environment).token == ""
    assert find("http://there:8020", environment=environment | {"KAPELL_TOKEN": "kpl_env"}).token == "kpl_env"
    store_token("http://there:8020", "kpl_newer")
    assert find("http://there:8020", environment=environment).token == "kpl_newer"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_profile_does_not_show_its_token(tmp_path):
    assert "kpl_x" not in repr(find("http://a", token="kpl_x", tmp_path=tmp_path))


@pytest.mark.parametrize(
    ("address", "proxy"),
    [("http://there", "http://proxy:3128"), ("http://localhost:8020", ""), ("http://in.house", "")],
)
def test_the_environments_proxy_is_used_but_not_for_this_machine(monkeypatch, tmp_path, address, proxy):
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "in.house")
    assert find(address, tmp_path=tmp_path).proxy == proxy
