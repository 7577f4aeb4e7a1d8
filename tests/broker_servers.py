"""Real brokers for tests: each is a process on a free port with a folder of its own, and can be stopped and started.

What they keep is kept on disk, so that a restart loses nothing. Each lets in one user with a password.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from tests.certificates import make_certificate

USER = "orders"
PASSWORD = "correct horse"
WITH_ADMINISTRATION = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
GUARD = """
    cat >/dev/null
    for group in $(cat "$1"/*.group 2>/dev/null); do kill -s KILL -- "-$group" 2>/dev/null; done
    rm -rf "$1"
"""
"""Ends the server and deletes its folder when these tests have ended, however they did."""


class BrokerServer:
    """A server process; `kind` names it in settings."""

    kind = ""
    package = ""
    program = ""
    user = None
    """Whom the server has to run as, if these tests run as root."""

    start_seconds = 20
    schemes = ()
    """That of the URL, and that of an encrypted one."""

    def __init__(self, *, is_encrypted=False):
        self.folder = Path(tempfile.mkdtemp(prefix=f"kapell-{self.kind}-"))
        self.folder.chmod(0o755)
        self._process = None
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "guard", self.folder], stdin=subprocess.PIPE, cwd="/", start_new_session=True
        )
        self.port = find_free_port()
        self.certificate, self.key = make_certificate(self.folder / "tls", "127.0.0.1") if is_encrypted else ("", "")
        self.prepare()
        if os.geteuid() == 0 and self.user:
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, self.user, self.user)

    @classmethod
    def find_hindrance(cls):
        """Return why no such server can be started here, an empty text if one can."""
        if shutil.which(cls.program, path=WITH_ADMINISTRATION) is None:
            return f"{cls.program} is not installed (Debian: apt-get install {cls.package})"
        if os.geteuid() == 0 and cls.user:
            try:
                pwd.getpwnam(cls.user)
            except KeyError:
                return f"{cls.program} cannot run as root, and there is no user `{cls.user}`"
        return ""

    @property
    def url(self):
        return f"{self.schemes[bool(self.certificate)]}://127.0.0.1:{self.port}"

    @property
    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def make_settings(self, **changes):
        """Return the document of a connection with names that no other has."""
        name = f"t{secrets.token_hex(4)}"
        return {
            "kind": self.kind,
            "url": self.url,
            "username": USER,
            "password": PASSWORD,
            **self.name(name),
            **changes,
        }

    def start(self):
        """Start the server and wait until it answers."""
        self._process = self.run("server", shutil.which(self.program, path=WITH_ADMINISTRATION), *self.list_options())
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.answers():
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{self.program} did not start:\n{self.log}")

    def stop(self):
        """Stop the server in good order."""
        if self._process is None:
            return
        group = self._process.pid
        os.killpg(group, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._is_there(group):
            time.sleep(0.05)
        self._kill(group)
        self._process = None

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """End the server and delete what it kept."""
        if self._process is not None:
            self._kill(self._process.pid)
        self._guard.communicate(timeout=60)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def run(self, name, *command):
        """Start a program in a process group of its own, as the server's user."""
        as_whom = {}
        if os.geteuid() == 0 and self.user:
            as_whom = {"user": self.user, "group": self.user, "extra_groups": []}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.make_environment(),
                start_new_session=True,
                **as_whom,
            )
        (self.folder / f"{name}.group").write_text(f"{process.pid}\n")
        return process

    def _is_there(self, group):
        self._process.poll()
        found = False
        for process in psutil.process_iter(["status"]):
            with suppress(ProcessLookupError):
                found |= os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE
        return found

    def _kill(self, group):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self._process.wait()

    def make_environment(self):
        return dict(os.environ)

    def prepare(self):
        """Write configuration into the folder."""


class NatsServer(BrokerServer):
    kind = "nats"
    package = program = "nats-server"
    schemes = ("nats", "tls")

    def name(self, name):
        places = {"stream": name, "subjects": [f"{name}.>"], "subject": f"{name}.events"}
        return places | {"durable": f"d-{name}", "acknowledge_seconds": 2}

    def prepare(self):
        tls = f'tls {{ cert_file: "{self.certificate}", key_file: "{self.key}" }}\n' if self.certificate else ""
        (self.folder / "config").write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'jetstream {{ store_dir: "{self.folder}/data" }}\n'
            "max_payload: 2MB\n"
            f'authorization {{ user: "{USER}", password: "{PASSWORD}" }}\n{tls}'
        )

    def list_options(self):
        return ["-c", self.folder / "config"]


class RabbitmqServer(BrokerServer):
    kind = "rabbitmq"
    package = program = "rabbitmq-server"
    schemes = ("amqp", "amqps")
    user = "rabbitmq"
    start_seconds = 100

    def name(self, name):
        return {"queue": name, "exchange": f"x-{name}", "bindings": ["events.#"], "routing_key": "events.new"}

    def prepare(self):
        self._node = f"kapell{secrets.token_hex(4)}@localhost"
        self._distribution_port = find_free_port()
        self._names_port = find_free_port()
        listener = f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
        if self.certificate:
            listener = (
                f"listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:{self.port}\n"
                f"ssl_options.cacertfile = {self.certificate}\n"
                f"ssl_options.certfile = {self.certificate}\nssl_options.keyfile = {self.key}\n"
            )
        (self.folder / "rabbitmq.conf").write_text(
            f"{listener}"
            f"default_user = {USER}\n"
            f"default_pass = {PASSWORD}\n"
            "log.console = true\n"
            "log.console.level = error\n"
        )
        (self.folder / "plugins").write_text("[].\n")
        self._names = None

    def start(self):
        # Erlang's daemon for names; the server would start one that outlives it.
        if self._names is None:
            program = shutil.which("epmd") or next(Path("/usr/lib/erlang").glob("erts-*/bin/epmd"))
            self._names = self.run("names", program, "-port", str(self._names_port), "-address", "127.0.0.1")
        super().start()

    def close(self):
        super().close()
        self._names.kill()
        self._names.wait()

    def list_options(self):
        return []

    def make_environment(self):
        return {
            "PATH": WITH_ADMINISTRATION,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_PID_FILE": str(self.folder / "pidfile"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Without it the runtime looks for work in a busy loop.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none +S 1:1",
        }


class MqttServer(BrokerServer):
    kind = "mqtt"
    package = program = "mosquitto"
    schemes = ("mqtt", "mqtts")
    user = "mosquitto"

    def name(self, name):
        return {"client_id": name, "topics": [f"{name}/#"], "topic": f"{name}/events"}

    def prepare(self):
        passwords = self.folder / "passwords"
        passwords.write_text(f"{USER}:{PASSWORD}\n")
        program = shutil.which("mosquitto_passwd", path=WITH_ADMINISTRATION)
        subprocess.run([program, "-U", passwords], check=True, capture_output=True)
        (self.folder / "data").mkdir()
        tls = f"certfile {self.certificate}\nkeyfile {self.key}\n" if self.certificate else ""
        (self.folder / "config").write_text(
            f"listener {self.port} 127.0.0.1\n{tls}"
            "allow_anonymous false\n"
            f"password_file {passwords}\n"
            "persistence true\n"
            f"persistence_location {self.folder}/data/\n"
            "max_packet_size 2097152\n"
            "max_queued_messages 0\n"
            "max_inflight_messages 0\n"
            "log_type error\n"
        )

    def list_options(self):
        return ["-c", self.folder / "config"]


class RedisServer(BrokerServer):
    kind = "redis"
    package = program = "redis-server"
    schemes = ("redis", "rediss")

    def name(self, name):
        return {"stream": name, "target": name, "group": f"g-{name}", "claim_seconds": 3}

    def prepare(self):
        port = f"port {self.port}"
        if self.certificate:
            port = f"port 0\ntls-port {self.port}\ntls-cert-file {self.certificate}\ntls-key-file {self.key}\n"
            port += "tls-auth-clients no"
        (self.folder / "config").write_text(
            f"bind 127.0.0.1\n{port}\ndir {self.folder}\nappendonly yes\nappendfsync always\n"
            f'user default off\nuser {USER} on ">{PASSWORD}" ~* &* +@all\n'
        )

    def list_options(self):
        return [self.folder / "config"]


KINDS = {server.kind: server for server in (RedisServer, MqttServer, NatsServer, RabbitmqServer)}


def find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
