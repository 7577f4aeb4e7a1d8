"""The settings: one frozen value, from flags, environment and defaults, checked once."""

from __future__ import annotations

import difflib
import math
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

PREFIX = "KAPELL_"
CONFIG = "KAPELL_CONFIG"
"""The variable that names the file with settings."""

_NOT_SETTINGS = (CONFIG, "KAPELL_SECRET_", "KAPELL_SERVER", "KAPELL_SPEC_DIR", "KAPELL_TEST_", "KAPELL_TOKEN")

OIDC_PREFIX = "KAPELL_OIDC_"
OIDC_KEY = "sso"
"""The key of the provider that is set by the environment."""

_CHOICES = {
    "durability": ("effect", "task"),
    "log_format": ("text", "json"),
    "log_level": ("debug", "info", "warning", "error"),
}
"""Settings that are one of a few words."""


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider of OpenID Connect: a table `[oidc.<key>]` of the file, or `KAPELL_OIDC_...` for the provider `sso`.

    Attributes:
        issuer: Its address, exactly as its discovery document has it.
        client_id: What it calls this installation.
        client_secret: What this installation shows it; none for a public client.
        client_secret_file: A file that holds it, instead.
        title: What the button of the sign-in page says; the key where it is empty.
        scopes: What is asked for; `openid` is among it.
        people: Who may sign in for the first time: `create` makes everybody an account; with `invited` there must be
            an account of that name, made without a password, which is theirs from then on.
        groups_claim: The claim with the person's groups; empty to take none.
        allowed_domains: Only people with a verified address in one of these domains may sign in; empty for all.
        other_hosts: Origins other than the issuer's that its discovery document may name.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    client_secret_file: Path | None = None
    title: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    people: Literal["create", "invited"] = "create"
    groups_claim: str = "groups"
    allowed_domains: tuple[str, ...] = ()
    other_hosts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show which one it is, and never the secret."""
        return f"OidcSettings(issuer={self.issuer!r}, client_id={self.client_id!r})"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation can choose. Each is set by the environment variable of its name, `KAPELL_MAX_CALLS` etc.

    Attributes:
        data: The data folder.
        database: A PostgreSQL database for the runs and everything else, `postgresql://user:password@host:5432/name`;
            when it is empty, SQLite in the data folder is used.
        secrets: A file with secrets (a JSON object), in addition to `KAPELL_SECRET_...` variables.
        max_calls: How many calls (`call: http`, `call: openapi`) may be under way at once.
        max_processes: How many processes (`run: shell`, `run: script`) may be under way at once.
        max_tasks_per_run: How many tasks a run may enter before it faults.
        max_value_bytes: The largest value that a task may give, in bytes.
        retention_days: How many days ended runs are kept; 0 keeps them for good.
        events_keep_days: How many days events are kept; 0 keeps them for good.
        events_keep_most: How many events are kept at most, the newest; 0 keeps them all.
        expression_seconds: How much processor time an expression may take that the helper process evaluates.
        expression_memory_bytes: How much memory such an expression may use.
        expression_output_bytes: How large the result of such an expression may be.
        call_timeout_seconds: How long an HTTP call may take, unless a task's `timeout` is shorter.
        connect_timeout_seconds: How long connecting may take.
        proxy: The proxy of HTTP calls; `HTTP_PROXY` and the like count when it is empty.
        ca_bundle: A file with certificate authorities for HTTPS calls, in place of the system's.
        denied_addresses: Where workflows may not call, separated by commas: addresses, ranges such as `10.0.0.0/8`, and
            `loopback`, `private`, `link-local`, `metadata`, `multicast`.
        allowed_addresses: Where they may all the same, in the same form.
        kill_grace_seconds: How long a process may take to end after SIGTERM before SIGKILL follows.
        drain_seconds: How long a stop waits for attempts that are under way.
        python: The Python that runs `run: script` scripts; Kapell's own when it is empty.
        node: The Node.js that runs `run: script` scripts.
        shell: The shell of `run: shell`.
        pass_environment: Names of environment variables that processes inherit, separated by commas.
        host: The address that the server listens on; only this machine reaches the default.
        port: The port that the server listens on; 0 takes a free one.
        tls_certificate: A file with the server's certificate chain; with it the server speaks HTTPS only.
        tls_key: The file with the certificate's key, where it is not in the same file.
        trusted_proxies: The addresses of proxies whose `X-Forwarded-...` headers are believed, separated by commas.
        public_url: The address by which people reach the server, `https://kapell.example`, where a proxy changes it.
        oidc: Who else may sign people in: a table `[oidc.<key>]` of the file for each provider of OpenID Connect, or
            `KAPELL_OIDC_ISSUER`, `KAPELL_OIDC_CLIENT_ID` and so on for one.
        max_body_bytes: The largest request body that the server takes.
        rate_limit: How many requests a second the server takes from one person or API token; 0 for any number.
        stranger_rate_limit: How many it takes from one address that nobody has signed in from; 0 for any number.
        rate_burst_seconds: How many seconds' worth of requests may come at once.
        audit_witnesses: Who is sent the signed heads of the audit log, separated by commas: `file:<path>`, `https://<url>`,
            `syslog:<socket>`, `syslog://<host>:<port>` (UDP), `syslog+tcp://<host>:<port>`.
        audit_head_seconds: How long an audit record waits at most until a signed head covers it and is sent.
        encrypt_at_rest: Whether what runs work with (inputs, results, errors, log lines) is sealed with the master key
            before it is stored. Names, times and states stay readable.
        master_key_file: The file with the master key; when it is empty, `master.key` in the data folder.
        log_format: How the server writes its log to stderr: `text` for people, or `json`, one object a line.
        log_level: What the server logs: `debug`, `info`, `warning` or `error`, and what is worse.
        log_requests: Whether each request is logged, too (as `info`).
        otlp_endpoint: Where traces go, by OpenTelemetry's protocol over HTTP, for example `http://localhost:4318`; when
            it is empty, nothing is traced.
        otlp_ratio: Which share of the runs is traced, from 0 to 1; who starts one with a `traceparent` decides for it.
        durability: `effect` puts a task's result on disk before any effect that follows from it; `task` also before the
            next task starts.
    """

    data: Path = Path(".kapell")
    database: str = ""
    secrets: Path | None = None
    max_calls: int = 100
    max_processes: int = 16
    max_tasks_per_run: int = 100_000
    max_value_bytes: int = 32 * 1024 * 1024
    retention_days: float = 0
    events_keep_days: float = 30
    events_keep_most: int = 1_000_000
    expression_seconds: float = 5.0
    expression_memory_bytes: int = 512 * 1024 * 1024
    expression_output_bytes: int = 32 * 1024 * 1024
    call_timeout_seconds: float = 300.0
    connect_timeout_seconds: float = 30.0
    proxy: str = ""
    ca_bundle: Path | None = None
    denied_addresses: str = "link-local,metadata"
    allowed_addresses: str = ""
    kill_grace_seconds: float = 2.0
    drain_seconds: float = 2.0
    python: str = ""
    node: str = "node"
    shell: str = "/bin/sh"
    pass_environment: str = ""
    host: str = "127.0.0.1"
    port: int = 8020
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: str = ""
    public_url: str = ""
    oidc: dict[str, OidcSettings] = {}
    max_body_bytes: int = 8 * 1024 * 1024
    rate_limit: float = 0
    stranger_rate_limit: float = 50
    rate_burst_seconds: float = 10
    audit_witnesses: str = ""
    audit_head_seconds: float = 60.0
    encrypt_at_rest: bool = False
    master_key_file: Path | None = None
    log_format: str = "text"
    log_level: str = "info"
    log_requests: bool = False
    otlp_endpoint: str = ""
    otlp_ratio: float = 1.0
    durability: str = "effect"

    @property
    def master_key_path(self) -> Path:
        """Where the master key is."""
        return self.master_key_file or self.data / "master.key"

    @property
    def retention(self) -> timedelta | None:
        """How long ended runs are kept, or `None` for good."""
        return timedelta(days=self.retention_days) if self.retention_days > 0 else None

    @property
    def events_keep(self) -> timedelta | None:
        """How long events are kept, or `None` for good."""
        return timedelta(days=self.events_keep_days) if self.events_keep_days > 0 else None


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Return the settings: what is given (and not `None`), then the environment, the file, the defaults.

    The file is the one that `KAPELL_CONFIG` names: TOML, a line for each setting, by its name.

    Raises:
        UsageError: A variable or a line names no setting (with the likeliest one), its value is of the wrong kind, or
            the file cannot be read.
    """
    variables = os.environ if environment is None else environment
    values = read_file(variables)
    for key, text in variables.items():
        if key.startswith(OIDC_PREFIX):
            _put_provider_setting(values, key, text)
        elif key.startswith(PREFIX) and not key.startswith(_NOT_SETTINGS):
            values[_find_name(key)] = text
    values.update({name: value for name, value in given.items() if value is not None})
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise UsageError(f"A setting cannot be used: {error}.", hint="See `kapell settings`.") from error
    _check(settings)
    return settings


def read_file(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the file that `KAPELL_CONFIG` names; none where it names none. Raises `UsageError`."""
    if not (path := variables.get(CONFIG)):
        return {}
    import tomllib  # noqa: PLC0415 -- most commands read no file, and should not wait for what reads it

    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The file {path} cannot be read: {error}.", hint=f"{CONFIG} names it.") from error
    for name in found:
        _check_name(name, name, str)
    providers = found.get("oidc", {})
    for key, provider in providers.items() if isinstance(providers, dict) else ():
        for name in provider if isinstance(provider, dict) else ():
            _check_name(name, f"oidc.{key}.{name}", str, OidcSettings.__struct_fields__)
    return found


class SettingLine(msgspec.Struct, frozen=True):
    """A setting as it is in force. Passwords in it are not shown.

    Attributes:
        name: The setting.
        variable: The environment variable that sets it.
        value: What is in force.
        default: What it is where nobody has set it.
        source: Where the value comes from: `option`, the variable, the file's name, or `default`.
        description: What it means.
    """

    name: str
    variable: str
    value: Any
    default: Any
    source: str
    description: str


def describe_settings(
    settings: Settings, given: Collection[str] = (), environment: Mapping[str, str] | None = None
) -> list[SettingLine]:
    """Return a line for each setting, described by the text that documents it in the code.

    Args:
        settings: The settings in force.
        given: The names of those that came as options of a command.
        environment: The variables that the others were read from; those of this process if left out.

    Raises:
        UsageError: The file cannot be read.
    """
    variables = os.environ if environment is None else environment
    descriptions, defaults, in_file = read_descriptions(), Settings(), read_file(variables)
    lines = []
    for name in Settings.__struct_fields__:
        variable = PREFIX + name.upper()
        source = "option" if name in given else _find_source(name, variable, variables, in_file)
        value, default = _make_plain(getattr(settings, name)), _make_plain(getattr(defaults, name))
        lines.append(SettingLine(name, variable, value, default, source, descriptions[name]))
    return lines


def read_descriptions() -> dict[str, str]:
    """Return what each setting means, by its name."""
    found = _DOCUMENTED.findall(Settings.__doc__ or "")
    return {name: " ".join(text.split()) for name, text in found}


_DOCUMENTED = re.compile(r"^ {8}(\w+): (.*(?:\n {12,}.*)*)", re.MULTILINE)
_PASSWORD = re.compile(r"(://[^:@/]*:).*(?=@)|([?&]password=)[^&]*")
"""The password in a URL of a database or a proxy."""


def _find_source(name: str, variable: str, variables: Mapping[str, str], in_file: Mapping[str, Any]) -> str:
    if variable in variables or (name == "oidc" and any(each.startswith(OIDC_PREFIX) for each in variables)):
        return variable
    return variables[CONFIG] if name in in_file else "default"


def _make_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _make_plain(provider.issuer) for key, provider in value.items()}  # never their secrets
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1\2***", value)
    return str(value) if hasattr(value, "__fspath__") else value


def _find_name(key: str) -> str:
    name = key.removeprefix(PREFIX).lower()
    _check_name(name, key, lambda likely: PREFIX + likely.upper())
    return name


def _put_provider_setting(values: dict[str, Any], key: str, text: str) -> None:
    name = key.removeprefix(OIDC_PREFIX).lower()
    _check_name(name, key, lambda likely: OIDC_PREFIX + likely.upper(), OidcSettings.__struct_fields__)
    is_list = isinstance(getattr(_ANY_PROVIDER, name), tuple)
    values.setdefault("oidc", {}).setdefault(OIDC_KEY, {})[name] = text.replace(",", " ").split() if is_list else text


def _check_name(name: str, written: str, write: Callable[[str], str], known: tuple[str, ...] | None = None) -> None:
    known = known or Settings.__struct_fields__
    if name not in known:
        likely = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {write(likely[0])}?" if likely else "See `kapell settings`."
        raise UsageError(f"There is no setting {written}.", hint=hint)


_ANY_PROVIDER = OidcSettings(issuer="", client_id="")


def _decode(kind: type, value: Any) -> Any:
    return kind(value)


def _check(settings: Settings) -> None:
    for name in ("max_calls", "max_processes", "max_tasks_per_run", "max_value_bytes"):
        if getattr(settings, name) < 1:
            raise UsageError(f"The setting {name} must be at least 1.")
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        raise UsageError(f"The setting public_url must begin with https://, not `{settings.public_url}`.")
    for name in ("audit_head_seconds", "rate_burst_seconds"):
        if not getattr(settings, name) > 0:
            raise UsageError(f"The setting {name} must be above 0.")
    for name in ("rate_limit", "stranger_rate_limit"):
        if not 0 <= getattr(settings, name) < math.inf:
            raise UsageError(f"The setting {name} must be 0, for no limit, or more.")
    for name, allowed in _CHOICES.items():
        if (value := getattr(settings, name)) not in allowed:
            *others, last = (f"`{each}`" for each in allowed)
            raise UsageError(f"The setting {name} must be {', '.join(others)} or {last}, not `{value}`.")
    if not 0 <= settings.otlp_ratio <= 1:
        raise UsageError("The setting otlp_ratio must be between 0 and 1.")
    if settings.otlp_endpoint and not settings.otlp_endpoint.startswith(("http://", "https://")):
        raise UsageError(
            f"The setting otlp_endpoint must be a URL, not `{settings.otlp_endpoint}`.",
            hint="For example http://localhost:4318",
        )
