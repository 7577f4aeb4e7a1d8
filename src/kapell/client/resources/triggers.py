"""Triggers: what starts runs by itself, and why it has not."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING

from kapell.client.calls import Call, Page
from kapell.client.operations import Resource, S, listing, operation
from kapell.client.wire import triggers as wire
from kapell.client.wire.triggers import (
    FiredRun,
    Firing,
    FiringCalendar,
    PlannedFiring,
    Trigger,
    TriggerCheck,
    TriggerSpec,
)

if TYPE_CHECKING:
    from datetime import datetime

_PATH = "/triggers/{trigger_id}"


class Triggers(Resource[S]):
    """Triggers, by id."""

    @operation
    def check(self, namespace: str, spec: TriggerSpec) -> Call[TriggerCheck]:
        """Say whether a trigger could be made, and when it would fire; nothing is kept."""
        return Call(method="POST", path="/triggers/check", gives=TriggerCheck, body=wire.TriggerDraft(namespace, spec))

    @listing
    def list(
        self,
        *,
        namespace: str | None = None,
        workflow: str | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Call[Page[Trigger]]:
        """Go through triggers by namespace and name; `workflow` is the name of what they start."""
        query = {"namespace": namespace, "workflow": workflow, "limit": page_size, "cursor": cursor}
        return Call(method="GET", path="/triggers", gives=Page[Trigger], query=query)

    @operation
    def create(self, namespace: str, name: str, spec: TriggerSpec, *, is_paused: bool = False) -> Call[Trigger]:
        """Make a trigger, paused at first if wanted. Raises `ConflictError` if there is one of that name."""
        return Call(
            method="POST", path="/triggers", gives=Trigger, body=wire.NewTrigger(namespace, name, spec, is_paused)
        )

    @operation
    def get(self, trigger_id: str) -> Call[Trigger]:
        """Return a trigger. Raises `NotFoundError`."""
        return Call(method="GET", path=_PATH, gives=Trigger, at={"trigger_id": trigger_id})

    @operation
    def replace(self, trigger_id: str, spec: TriggerSpec, *, revision: int) -> Call[Trigger]:
        """Let a trigger do something else. Raises `ConflictError` if it is not at that revision any more."""
        body = wire.TriggerChange(spec, revision)
        return Call(method="PUT", path=_PATH, gives=Trigger, at={"trigger_id": trigger_id}, body=body)

    @operation
    def delete(self, trigger_id: str) -> Call[None]:
        """Drop a trigger and its history; its runs stay."""
        return Call(method="DELETE", path=_PATH, gives=NoneType, at={"trigger_id": trigger_id})

    @operation
    def pause(self, trigger_id: str, *, reason: str = "") -> Call[Trigger]:
        """Let a trigger start nothing until it is resumed. Raises `ConflictError` if it is paused."""
        return Call(
            method="POST",
            path=f"{_PATH}/pause",
            gives=Trigger,
            at={"trigger_id": trigger_id},
            body=wire.PauseReason(reason),
        )

    @operation
    def resume(self, trigger_id: str, *, reason: str = "") -> Call[Trigger]:
        """Let a paused trigger start runs again; it is planned anew from now."""
        return Call(
            method="POST",
            path=f"{_PATH}/resume",
            gives=Trigger,
            at={"trigger_id": trigger_id},
            body=wire.PauseReason(reason),
        )

    @operation
    def fire(self, trigger_id: str) -> Call[FiredRun]:
        """Fire a trigger now, paused or not, whatever is under way; its run starts within moments."""
        return Call(method="POST", path=f"{_PATH}/fire", gives=FiredRun, at={"trigger_id": trigger_id})

    @listing
    def firings(self, trigger_id: str, *, page_size: int = 100, cursor: str | None = None) -> Call[Page[Firing]]:
        """Go through what became of a trigger's firings, the newest first."""
        return Call(
            method="GET",
            path=f"{_PATH}/firings",
            gives=Page[Firing],
            at={"trigger_id": trigger_id},
            query={"limit": page_size, "cursor": cursor},
        )

    @operation
    def upcoming(self, trigger_id: str, *, limit: int = 10) -> Call[list[PlannedFiring]]:  # type: ignore[valid-type]  # the method `list` hides the type
        """Return the next firings of a trigger."""
        return Call(
            method="GET",
            path=f"{_PATH}/upcoming",
            gives=_PLANNED,
            at={"trigger_id": trigger_id},
            query={"limit": limit},
        )

    @operation
    def calendar(
        self, *, since: datetime | None = None, until: datetime | None = None, namespace: str | None = None
    ) -> Call[FiringCalendar]:
        """Return which firings are planned in a span: from now for seven days, unless it is given."""
        query = {"since": since, "until": until, "namespace": namespace}
        return Call(method="GET", path="/calendar", gives=FiringCalendar, query=query)


_PLANNED = list[PlannedFiring]
