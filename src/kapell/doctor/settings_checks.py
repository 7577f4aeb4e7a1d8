"""The settings: what cannot be used is found setting by setting, so that the rest of the installation can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.doctor.model import Finding, Verdict, fine, refuse, warn
from kapell.errors import UsageError
from kapell.settings import CONFIG, PREFIX, Settings, read_file, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kapell.doctor.patient import Patient

CHECK = "settings"
DEPENDENT = (
    ("tls_key", "tls_certificate"),
    ("otlp_ratio", "otlp_endpoint"),
    ("allowed_addresses", "denied_addresses"),
)
"""Settings that mean nothing without another."""

_SECRET = "KAPELL_SECRET_"  # noqa: S105 -- how the variables of secrets begin


def examine_settings(environment: Mapping[str, str], given: dict[str, Any]) -> tuple[Settings, list[Finding]]:
    """Return the settings in force as far as they can be used, and what is wrong with them."""
    found: list[Verdict] = []
    usable = dict(environment)
    try:
        in_file = read_file(environment)
    except UsageError as error:
        found.append(refuse(error.message, error.hint))
        usable.pop(CONFIG)
        in_file = {}
    for key in sorted(key for key in environment if key.startswith(PREFIX)):
        try:
            read_settings({key: environment[key]} if key != CONFIG else {})
        except UsageError as error:
            found.append(refuse(error.message, error.hint or f"Mend or remove {key}."))
            usable.pop(key)
    for name, value in in_file.items():
        variable = PREFIX + name.upper()
        if variable in usable and str(value) != usable[variable]:
            found.append(
                warn(f"{variable} counts, and not what {environment[CONFIG]} says of {name}.", "Say it in one place.")
            )
    try:
        settings = read_settings(usable, **given)
    except UsageError as error:  # what only shows when all of them come together, or stands in the file
        found.append(refuse(error.message, error.hint))
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    return settings, [
        Finding(check=CHECK, status=each.status, text=each.text, advice=each.advice)
        for each in found or [fine("Every setting can be used.")]
    ]


def check_unused(patient: Patient, environment: Mapping[str, str]) -> Iterator[Verdict]:
    """Find settings that have no effect."""
    settings, defaults = patient.settings, Settings()
    is_clean = True
    for name, needed in DEPENDENT:
        if getattr(settings, name) != getattr(defaults, name) and not getattr(settings, needed):
            is_clean = False
            yield warn(f"The setting {name} has no effect without {needed}.", f"Set {needed}, or remove {name}.")
    secrets = sorted(key for key in environment if key.startswith(_SECRET))
    if secrets:
        is_clean = False
        yield warn(
            f"The server does not read {', '.join(secrets)}.",
            "They are for `kapell run`; give a server's secrets to its API, or name a file in KAPELL_SECRETS.",
        )
    for name in ("secrets", "ca_bundle", "tls_certificate", "tls_key", "master_key_file"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            is_clean = False
            yield refuse(f"The setting {name} names {path}, and there is no such file.", "Put it there, or correct it.")
    if is_clean:
        yield fine("None of them is without effect.")
