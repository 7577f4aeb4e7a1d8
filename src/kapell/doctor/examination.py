"""The examination: every check, one after the other, whatever becomes of the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kapell.doctor import (
    audit_checks,
    folder_checks,
    key_checks,
    machine_checks,
    network_checks,
    owner_checks,
    postgres_checks,
    settings_checks,
    sqlite_checks,
)
from kapell.doctor.model import Finding, NotExaminedError
from kapell.doctor.patient import Patient
from kapell.doctor.rows import Rows
from kapell.errors import KapellError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kapell.clock import Clock
    from kapell.doctor.patient import Check
    from kapell.settings import Settings

log = get_logger(__name__)

CHECKS: dict[str, Check] = {
    "data folder": folder_checks.check_folder,
    "file rights": folder_checks.check_file_modes,
    "file system": folder_checks.check_file_system,
    "disk space": folder_checks.check_space,
    "disk speed": folder_checks.check_syncs,
    "databases": sqlite_checks.check_soundness,
    "tables": sqlite_checks.check_schemas,
    "postgresql": postgres_checks.check_server,
    "postgresql tables": postgres_checks.check_tables,
    "postgresql durability": postgres_checks.check_durability,
    "postgresql connections": postgres_checks.check_connections,
    "clocks": postgres_checks.check_clocks,
    "owner": owner_checks.check_owner,
    "runs": owner_checks.check_runs,
    "inbox": owner_checks.check_inbox,
    "backups": owner_checks.check_backups,
    "master key": key_checks.check_master_key,
    "audit key": key_checks.check_audit_key,
    "audit log": audit_checks.check_log_end,
    "audit heads": audit_checks.check_heads,
    "audit witnesses": audit_checks.check_witnesses,
    "port": network_checks.check_port,
    "reach": network_checks.check_reach,
    "certificate": network_checks.check_certificate,
    "proxies": network_checks.check_proxies,
    "expressions": machine_checks.check_expressions,
    "programs": machine_checks.check_programs,
    "open files": machine_checks.check_limits,
    "environment": machine_checks.check_environment,
}
"""The checks that look at the installation, by name, in the order in which they are told."""


NOT_WHILE_RUNNING = ("databases", "disk speed", "port")
"""The checks that a server does not make of itself: they would hold its disk up, or it is the answer."""

FILE_CHECKS = ("data folder", "file rights")
"""The checks whose findings `kapell doctor --fix` mends."""


def examine(
    environment: Mapping[str, str], clock: Clock, *, only: Collection[str] = (), **given: Any
) -> Iterator[Finding]:
    """Look at the installation of the settings in force, and yield what is found as it is found.

    Args:
        environment: The variables that settings are read from.
        clock: Tells the time.
        only: The names of some checks, in place of all.
        given: Settings that were given otherwise; `None` is none.
    """
    settings, findings = settings_checks.examine_settings(environment, given)
    if not only or settings_checks.CHECK in only:
        yield from findings
    rows = Rows(settings)
    patient = Patient(settings, clock, rows, is_owned=owner_checks.find_owned(settings, rows))
    checks: dict[str, Check] = {
        "unused settings": partial(settings_checks.check_unused, environment=environment),
        **CHECKS,
    }
    for name in only or checks:
        if name in checks:
            yield from carry_out(name, checks[name], patient)


def examine_running(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look at the installation of a server that runs, from within it; blocks as long as witnesses take to answer."""
    patient = Patient(settings, clock, Rows(settings), is_owned=True)
    for name, check in CHECKS.items():
        if name not in NOT_WHILE_RUNNING:
            yield from carry_out(name, check, patient)


def carry_out(name: str, check: Check, patient: Patient) -> Iterator[Finding]:
    """Yield what one check finds; that it fails is a finding, too."""
    try:
        for each in check(patient):
            yield Finding(check=name, status=each.status, text=each.text, advice=each.advice, fixes=each.fixes)
    except NotExaminedError as error:
        yield Finding(check=name, status="skipped", text=f"Not looked at: {error}.")
    except KapellError as error:
        yield Finding(check=name, status="problem", text=error.message, advice=error.hint)
    except Exception as error:
        log.info("check_failed", check=name, exc_info=True)
        yield Finding(
            check=name,
            status="problem",
            text=f"The check itself failed: {type(error).__name__}: {error}.",
            advice="Look at what it names; `kapell --debug doctor` shows where it failed.",
        )
