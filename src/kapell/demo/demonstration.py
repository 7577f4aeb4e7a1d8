"""Publishes a few workflows, and keeps runs of them coming: most complete, some wait, some fault.

What is started first is started once, however often the server starts anew. After that a run begins every few seconds,
up to a limit for each start of the server, so that a demonstration that is left on fills no disk.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from kapell.api.parts import in_thread
from kapell.audit import Actor
from kapell.errors import ConflictError, KapellError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    import random

    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord

log = get_logger(__name__)

NAMESPACE: Final = "demo"
WORKFLOWS: Final = ("build", "deploy", "nightly-backup", "onboard", "order")
"""In the order in which they are published: what is run as a child stands first."""

_ACTOR = Actor("system:demo", "Demonstration", "demo")
_PAUSE_SECONDS = 6.0
_MOST = 300
_CUSTOMERS = ("Ada", "Björk", "Chen", "Dalia", "Emeka", "Fatima", "Goran", "Hana")
_ARTICLES = ("bicycle", "helmet", "lamp", "lock")
_REFUSED_CARD = "4000-9"
_CARDS = (*["4000-1"] * 11, _REFUSED_CARD)
_HEALTHY = (True, True, True, True, False)
_SHARES = {"order": 70, "deploy": 18, "nightly-backup": 12}
_SUSPENDED = "order-suspended"

FIRST: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("onboard-1", "onboard", {"name": "Ida"}),
    ("onboard-2", "onboard", {"name": "Jon"}),
    ("backup-1", "nightly-backup", {}),
    ("deploy-1", "deploy", {"commit": "3f9c2a1"}),
    ("deploy-unhealthy", "deploy", {"commit": "b71e004", "healthy": False}),
    ("order-1", "order", {"customer": "Ada", "article": "lamp", "amount": 49}),
    ("order-2", "order", {"customer": "Chen", "article": "bicycle", "amount": 1299}),
    ("order-refused", "order", {"customer": "Emeka", "article": "helmet", "amount": 79, "card": _REFUSED_CARD}),
    (_SUSPENDED, "order", {"customer": "Hana", "article": "lock", "amount": 35}),
)
"""Runs that are started first: a key under which each is started once, its workflow and its input."""


class Demonstration:
    """A system that lives, in a server."""

    def __init__(self, parts: Parts, chance: random.Random) -> None:
        """Act in a server; `chance` says what is ordered, delivered and backed up."""
        self._parts = parts
        self._chance = chance

    async def run(self) -> None:
        """Publish the workflows, start the first runs, and then one every few seconds; until cancelled."""
        try:
            await in_thread(self._publish)
            for key, name, value in FIRST:
                record, is_new = await self._start(name, value, f"demo:{key}")
                if is_new and key == _SUSPENDED:
                    await self._parts.engine.suspend_run(record.run_id, "Customer asked to wait until Friday.")
            for _ in range(_MOST):
                await asyncio.sleep(_PAUSE_SECONDS)
                await self._start(*self.choose(), None)
        except KapellError as error:
            log.warning("demonstration_ended", message=error.message, hint=error.hint)

    def choose(self) -> tuple[str, dict[str, Any]]:
        """Return a workflow and an input for its next run."""
        (name,) = self._chance.choices(list(_SHARES), list(_SHARES.values()))
        if name == "nightly-backup":
            return name, {"keep": self._chance.randint(0, 14)}
        if name == "deploy":
            commit = f"{self._chance.getrandbits(28):07x}"
            return name, {"commit": commit, "healthy": self._chance.choice(_HEALTHY)}
        amount = round(self._chance.lognormvariate(4.5, 1.2), 2) + 1
        customer, article = self._chance.choice(_CUSTOMERS), self._chance.choice(_ARTICLES)
        card = self._chance.choice(_CARDS)
        return name, {"customer": customer, "article": article, "amount": amount, "card": card}

    def _publish(self) -> None:
        for name in WORKFLOWS:
            source = read_workflow(name)
            try:
                self._parts.workflows.publish(NAMESPACE, name, source, actor=_ACTOR, note="Comes with Kapell.")
            except ConflictError as error:  # somebody has published another version: then theirs is run
                log.info("demonstration_keeps_workflow", name=name, message=error.message)

    async def _start(self, name: str, value: dict[str, Any], key: str | None) -> tuple[RunRecord, bool]:
        found = await in_thread(self._parts.published.get_startable, NAMESPACE, name, "latest")
        full_name = f"workflow/{found.about.full_name}"
        return await self._parts.run_starts.start(_ACTOR, found.workflow, full_name, NAMESPACE, value, key)


def read_workflow(name: str) -> str:
    """Return the text of one of `WORKFLOWS`."""
    return files("kapell.demo").joinpath("workflows", f"{name}.yaml").read_text(encoding="utf-8")
