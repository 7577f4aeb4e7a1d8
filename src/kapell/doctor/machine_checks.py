"""What Kapell needs of the machine: programs, libraries, files, zones."""

from __future__ import annotations

import asyncio
import importlib.metadata
import locale
import os
import resource
import shutil
import subprocess
import sys
import zoneinfo
from typing import TYPE_CHECKING

from kapell.doctor.model import fine, refuse, warn
from kapell.engine.expression_helper import ExpressionHelper
from kapell.language.expressions.helper_task import HelperTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.doctor.model import Verdict
    from kapell.doctor.patient import Patient

_ANSWER_SECONDS = 10.0
_FEW_FILES = 4096


def check_expressions(patient: Patient) -> Iterator[Verdict]:
    """Find a helper process that does not start, or does not evaluate."""
    settings = patient.settings

    async def evaluate() -> tuple[object, str | None]:
        async with ExpressionHelper(
            time_limit_seconds=settings.expression_seconds, memory_limit_bytes=settings.expression_memory_bytes
        ) as helper:
            (result,) = await helper.evaluate([HelperTask("[.[] | tostring] | sort_by(length)", [12, 3], {})])
            return result.value, result.error

    value, error = asyncio.run(evaluate())
    version = importlib.metadata.version("jq")
    if error or value != ["3", "12"]:
        yield refuse(
            f"Expressions are not evaluated (jq {version}): {error or value}.",
            "Check KAPELL_EXPRESSION_MEMORY_BYTES, and that processes may be started.",
        )
    else:
        yield fine(f"Expressions are evaluated (jq {version}).")


def check_programs(patient: Patient) -> Iterator[Verdict]:
    """Find programs of scripts that are not there, or do not start."""
    settings = patient.settings
    yield _try_program("shell", settings.shell, ["-c", "exit 0"], "run: shell", refuse)
    yield _try_program("python", settings.python or sys.executable, ["-c", "pass"], "Python scripts", refuse)
    yield _try_program("node", settings.node, ["-e", "0"], "JavaScript scripts", warn)


def check_limits(patient: Patient) -> Iterator[Verdict]:
    """Find a limit of open files that many calls or watchers reach."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max(_FEW_FILES, 4 * (patient.settings.max_calls + patient.settings.max_processes))
    text = f"{soft} files may be open at once (for who calls this)."
    if soft != resource.RLIM_INFINITY and soft < needed:
        yield warn(text, f"Raise it to {needed}: `ulimit -n {needed}`, or LimitNOFILE={needed} of systemd.")
    else:
        yield fine(text)


def check_environment(patient: Patient) -> Iterator[Verdict]:
    """Find an environment without UTF-8 or without time zones."""
    del patient
    encoding = (
        locale.getencoding() if hasattr(locale, "getencoding") else locale.getpreferredencoding(do_setlocale=False)
    )
    is_clean = True
    if encoding.upper().replace("-", "") != "UTF8":
        is_clean = False
        yield warn(f"The locale's encoding is {encoding}: processes may garble text.", "Set LANG=C.UTF-8.")
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        is_clean = False
        yield warn("There are no data of time zones.", "Install the system's tzdata.")
    zone = os.environ.get("TZ", "").removeprefix(":")
    if is_clean:
        yield fine(f"Text is {encoding}, and there are data of time zones{f' (TZ={zone})' if zone else ''}.")


def _try_program(
    name: str, program: str, arguments: list[str], used_by: str, say: Callable[[str, str], Verdict]
) -> Verdict:
    advice = f"Set KAPELL_{name.upper()}, or install it, if {used_by} are to run."
    found = shutil.which(program)
    if found is None:
        return say(f"{program} is not there, so {used_by} cannot run.", advice)
    try:
        done = subprocess.run(  # noqa: S603 -- the programs that the settings name
            [found, *arguments], check=False, capture_output=True, timeout=_ANSWER_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return say(f"{found} does not start: {error}.", advice)
    if done.returncode:
        return say(f"{found} ends with {done.returncode}.", advice)
    return fine(f"{found} starts, for {used_by}.")
