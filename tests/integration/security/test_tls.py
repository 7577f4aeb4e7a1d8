"""TLS: wrong files are refused in words, and a renewed certificate is used without dropping anybody."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from cryptography import x509
from tests.api_server import running
from tests.certificates import make_certificate

from kapell import server as server_module
from kapell.errors import UsageError
from kapell.server import serve
from kapell.settings import Settings


class Connection:
    """A connection over TLS that trusts nobody, and asks."""

    @classmethod
    async def open(cls, port):
        self = cls()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        return self

    @property
    def name(self):
        """Whose certificate the server showed."""
        der = self.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(der).subject.rfc4514_string().removeprefix("CN=")

    async def ask(self, request):
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        await self.reader.readexactly(length)
        return head.decode()

    async def close(self):
        self.writer.close()
        await self.writer.wait_closed()


async def name_of(port):
    connection = await Connection.open(port)
    await connection.close()
    return connection.name


async def wait_until_named(port, name):
    async with asyncio.timeout(10):
        while await name_of(port) != name:  # noqa: ASYNC110 -- a server does not tell when it looks at its files
            await asyncio.sleep(0.02)


async def ask_in_the_clear(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEALTH)
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(server_module, "_CERTIFICATE_POLL_SECONDS", 0.02)
    chain, key = make_certificate(tmp_path / "tls", "first.example")
    settings = Settings(data=tmp_path / "data", port=0, tls_certificate=chain, tls_key=key)
    async with running(settings) as server:
        port = int(server.address.rpartition(":")[2])
        kept = await Connection.open(port)
        assert kept.name == "first.example"
        assert "200 OK" in await kept.ask(HEALTH)

        new_chain, new_key = make_certificate(tmp_path / "new", "second.example")
        new_chain.replace(chain)  # the key still is the old one
        await asyncio.sleep(0.2)
        assert await name_of(port) == "first.example"
        new_key.replace(key)
        await wait_until_named(port, "second.example")
        assert "200 OK" in await kept.ask(HEALTH), "who was connected stays so"

        chain.write_text("no certificate")
        await asyncio.sleep(0.2)
        assert await name_of(port) == "second.example"
        chain.unlink()
        await asyncio.sleep(0.2)
        assert await name_of(port) == "second.example"

        sign_in = f'{{"name": "admin", "password": "{server.password}"}}'.encode()
        head = await kept.ask(
            b"POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
            % (len(sign_in), sign_in)
        )
        cookie = next(line for line in head.splitlines() if line.lower().startswith("set-cookie:"))
        assert {"secure", "httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
        await kept.close()
        assert await ask_in_the_clear(port) == b"", "no plain HTTP at that port"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda chain, _key: chain.unlink(), ["chain.pem", "cannot be read"]),
        (lambda _chain, key: key.unlink(), ["key.pem", "cannot be read"]),
        (lambda chain, _key: chain.write_text("text"), ["chain.pem", "must be PEM"]),
        (lambda _chain, key: key.write_text("text"), ["key.pem", "must be PEM"]),
        (lambda _chain, key: make_certificate(key.parent / "x")[1].replace(key), ["belong together", "mismatch"]),
        (lambda chain, _key: make_certificate(chain.parent, passphrase=b"hush"), ["must not be encrypted"]),
    ],
)
async def test_files_that_do_not_do_are_refused_in_words(tmp_path, change, words):
    chain, key = make_certificate(tmp_path / "tls")
    change(chain, key)
    with pytest.raises(UsageError) as refused:
        await serve(Settings(data=tmp_path / "data", port=0, tls_certificate=chain, tls_key=key), print)
    assert not (tmp_path / "data").exists(), "no first start whose password nobody is shown"
    assert all(word in str(refused.value) for word in words), refused.value


async def test_a_key_alone_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no certificate"):
        await serve(Settings(data=tmp_path / "data", port=0, tls_key=tmp_path / "key.pem"), print)
