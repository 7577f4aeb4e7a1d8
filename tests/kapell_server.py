"""A server in a process of its own; and what may stand between a client and it."""

import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kapell.client import Client
from kapell.client.wire.identity import Scope

START_SECONDS = 60
KAPELL = [sys.executable, "-m", "kapell"]

HEAD = "document: {{dsl: '1.0.3', namespace: {namespace}, name: {name}, version: {version}}}\ndo:\n"
WORKFLOWS = {
    "hello": "  - greet: {set: {text: '${ \"Hello \" + .name }'}}\n",
    "nap": "  - nap: {wait: {milliseconds: 400}}\n  - rest: {set: {done: true}}\n",
    "doze": "  - doze: {wait: {seconds: 2}}\n  - rest: {set: {done: true}}\n",
    "sleep": "  - sleep: {wait: {hours: 1}}\n",
    "faults": "  - count: {set: {n: 1}}\n  - fail: {set: {text: '${ .word | tonumber }'}}\n",
    "talks": "  - talk: {run: {shell: {command: 'echo one; echo two >&2; sleep 0.3; echo three'}}}\n",
}


class Server:
    """A server's process.

    Attributes:
        address: Where it listens.
        password: The administrator's, as its first start has told.
        token: An API token that may do everything.
    """

    def __init__(self, folder, *options, port=0, config=None):
        self.folder = folder
        self._options = options
        self._environment = {} if config is None else {"KAPELL_CONFIG": str(config)}
        self._told = folder / "told"
        told = self._start(port)
        self.address = re.search(r"serves on (\S+)", told)[1]
        self.password = re.search(r"^  (\S+)$", told, re.MULTILINE)[1]
        self.token = ""

    def _start(self, port):
        with self._told.open("w") as told:
            self.process = subprocess.Popen(
                [*KAPELL, "up", "--data", self.folder / "data", "--port", str(port), *self._options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
                env=make_environment(self.folder) | self._environment,
            )
        return self._read_start()

    def _read_start(self):
        deadline = time.monotonic() + START_SECONDS
        while "serves on" not in (told := self._told.read_text()):
            assert self.process.poll() is None, f"the server did not start: {told}"
            assert time.monotonic() < deadline, f"the server does not start: {told}"
            time.sleep(0.02)
        return told

    def make_token(self, permissions=None, namespaces=None):
        with Client(self.address, token="") as client:
            client.me.sign_in("admin", self.password)
            allowed = permissions or {grant.permission for grant in client.me.get().grants}
            scope = Scope(frozenset(allowed), namespaces)
            return client.tokens.create("tests", scope, datetime.now(UTC) + timedelta(days=1)).text

    def client(self, **rest):
        return Client(rest.pop("address", self.address), **({"token": self.token} | rest))

    def restart(self):
        """Stop, and start again with the same data at the same address."""
        self.stop()
        self.start_again()

    def start_again(self):
        """Start with the same data at the same address, after an end of whatever kind."""
        self._start(int(self.address.rpartition(":")[2]))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def make_environment(folder):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KAPELL_")}
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, paths))
    return kept | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "settings")}


def write_source(name, tasks, namespace="demo", version="1.0.0"):
    return HEAD.format(namespace=namespace, name=name, version=version) + tasks


class CuttingProxy:
    """Hands bytes on to a server, and cuts each connection after so many bytes of the server's.

    Attributes:
        address: Where it listens.
        count: How many connections it had.
    """

    def __init__(self, address, limits):
        self._target = socket.getaddrinfo(*address.removeprefix("http://").split(":"))[0][4]
        self._limits = iter(limits)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.count += 1
                limit = next(self._limits, None)
                threading.Thread(target=self._hand_on, args=(near, limit), daemon=True).start()

    def _hand_on(self, near, limit):
        left = limit
        with closing(near), closing(socket.create_connection(self._target)) as far, suppress(OSError):
            while left is None or left > 0:
                for one in select.select([near, far], [], [])[0]:
                    piece = one.recv(4096)
                    if not piece:
                        return
                    if one is near:
                        far.sendall(piece)
                    else:
                        near.sendall(piece if left is None else piece[:left])
                        left = None if left is None else left - len(piece)

    def close(self):
        self._listener.close()


@contextmanager
def answering(status, headers, content):
    """Answer every request so, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 -- what the base class asks for

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as stranger:
        thread = threading.Thread(target=stranger.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{stranger.server_port}"
        stranger.shutdown()
        thread.join()
