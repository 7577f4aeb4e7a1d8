"""A real provider of OpenID Connect for tests: the npm package `oidc-provider`, in a process of its own."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
FILES = Path(__file__).parent / "integration" / "identity" / "provider"
PHRASE = "a secret & more"
"""The secret of the client `kapell`."""

ALICE = {
    "name": "Alice A.",
    "preferred_username": "Alice",
    "email": "alice@example.org",
    "email_verified": True,
    "groups": ["platform", "on call"],
}
"""Her account at the provider."""


def install_provider():
    """Return the folder with the package, installed once for all runs of one version."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kapell-tests"
    lock = (FILES / "package-lock.json").read_bytes()
    version = json.loads((FILES / "package.json").read_text())["dependencies"]["oidc-provider"]
    folder = cache / f"oidc-provider-{version}"
    cache.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        done = folder / "installed"
        if not (done.is_file() and done.read_bytes() == lock):
            folder.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(FILES / name, folder / name)
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                check=True,
                cwd=folder,
                capture_output=True,
                timeout=300,
            )
            done.write_bytes(lock)
    return folder


class ProviderProcess:
    """The provider on a port of its own; a restart gives it other keys."""

    def __init__(self, folder, callbacks):
        self._folder = folder
        self._callbacks = callbacks
        self._process = None
        self.port = find_free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"

    def start(self):
        self._process = subprocess.Popen(
            ["node", FILES / "server.mjs", self._folder / "package.json", str(self.port), ",".join(self._callbacks)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for line in self._process.stdout:
            if line.strip() == "ready":
                return
        raise RuntimeError("the provider did not start")

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=30)
        self._process.stdin.close()
        self._process.stdout.close()

    def put_accounts(self, **accounts):
        body = json.dumps(accounts).encode()
        urllib.request.urlopen(f"{self.issuer}/test/accounts", data=body, timeout=30).close()


def find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def providing(*callbacks):
    """Run a provider that sends browsers back to these addresses; skip the test where that cannot be done."""
    try:
        folder = install_provider()
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"npm or node cannot be used here: {error}"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    process = ProviderProcess(folder, callbacks)
    process.start()
    yield process
    process.stop()
