"""The console's files as browsers get them."""

from __future__ import annotations

import gzip

import pytest

from kapell.console import ConsoleFiles

PAGE = b"<!doctype html><title>Kapell</title>"
SCRIPT = b"let a = 1;"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    return tmp_path


async def beyond(scope, _receive, send):
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def ask(files, path, method="GET", **headers):
    """Return the status, the headers and the body of the answer."""
    told = []

    async def send(message):
        told.append(message)

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await files({"type": "http", "method": method, "path": path, "headers": given}, None, send)
    start, *rest = told
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], answered, b"".join(message["body"] for message in rest)


@pytest.mark.parametrize("path", ["/", "/runs", "/runs/01abc", "/no/such/page"])
async def test_every_page_is_the_one_page(folder, path):
    status, headers, body = await ask(ConsoleFiles(beyond, folder), path, accept="text/html,*/*")
    assert (status, body) == (200, PAGE)
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-cache"


async def test_the_first_page_is_for_whoever_asks(folder):
    status, headers, _ = await ask(ConsoleFiles(beyond, folder), "/", accept="*/*")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_a_page_runs_scripts_from_files_only(folder):
    _, headers, _ = await ask(ConsoleFiles(beyond, folder), "/", accept="text/html")
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["script-src"] == policy["default-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"


async def test_what_is_built_is_kept_for_good_and_comes_compressed(folder):
    files = ConsoleFiles(beyond, folder)
    status, headers, body = await ask(files, "/assets/index-1a2b.js", accept_encoding="gzip, br")
    assert (status, gzip.decompress(body)) == (200, SCRIPT)
    assert headers["content-encoding"] == "gzip"
    assert headers["content-length"] == str(len(body))
    assert "immutable" in headers["cache-control"]
    status, headers, body = await ask(files, "/assets/index-1a2b.js")
    assert (status, body) == (200, SCRIPT)
    assert "content-encoding" not in headers


async def test_what_a_browser_has_is_not_sent_again(folder):
    files = ConsoleFiles(beyond, folder)
    _, headers, _ = await ask(files, "/", accept="text/html")
    status, _, body = await ask(files, "/", accept="text/html", if_none_match=headers["etag"])
    assert (status, body) == (304, b"")


async def test_head_is_answered_without_a_body(folder):
    status, headers, body = await ask(ConsoleFiles(beyond, folder), "/", "HEAD", accept="text/html")
    assert (status, headers["content-length"], body) == (200, str(len(PAGE)), b"")


@pytest.mark.parametrize(
    ("method", "path", "accept"),
    [
        ("POST", "/", "text/html"),
        ("GET", "/api/v1/runs", "text/html"),
        ("GET", "/health", "text/html"),
        ("GET", "/nowhere", "application/json"),
        ("GET", "/assets/index-0000.js", "*/*"),
        ("GET", "/assets/index-1a2b.js.gz", "*/*"),
        ("GET", "/../secret", "*/*"),
    ],
)
async def test_what_is_no_file_and_no_page_is_handed_on(folder, method, path, accept):
    status, _, body = await ask(ConsoleFiles(beyond, folder), path, method, accept=accept)
    assert (status, body) == (299, path.encode())


async def test_without_a_build_pages_say_how_to_make_one(tmp_path):
    files = ConsoleFiles(beyond, tmp_path / "static")
    status, headers, body = await ask(files, "/", accept="text/html")
    assert status == 503
    assert b"make console" in body
    assert "content-security-policy" in headers
    assert (await ask(files, "/api/v1/me", accept="text/html"))[0] == 299
