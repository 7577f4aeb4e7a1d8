"""Published workflows, read and compiled once: what starts of runs and `run: workflow` are answered from.

Two things are remembered. What a version compiles to never changes, so it is kept under its digest. Which version a
name means, and whether it is deprecated, changes with publication: that is forgotten when the service says so. Whoever
was reading at that very moment may keep nothing of what was read, or an old answer would stay for good.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from kapell.errors import ConflictError, DamagedHistoryError
from kapell.language import Workflow, list_unsupported, load_workflow
from kapell.language.compiler import compile_workflow
from kapell.language.program import Program
from kapell.workflows import store
from kapell.workflows.model import LATEST, WorkflowVersion, digest_definition

if TYPE_CHECKING:
    from kapell.storage.server_database import ServerDatabase

_KEPT_PROGRAMS = 1_000
_KEPT_NAMES = 20_000


class PublishedWorkflow(msgspec.Struct, frozen=True):
    """A version, ready to run.

    Attributes:
        about: The version.
        workflow: Its definition; the same object each time, so that it can be recognised.
        program: What it compiles to.
        unsupported: What in it cannot run yet, a sentence each.
    """

    about: WorkflowVersion
    workflow: Workflow
    program: Program
    unsupported: tuple[str, ...]


class PublishedWorkflows:
    """Finds published workflows by name. Any thread may use it; what is remembered is answered without the database."""

    def __init__(self, database: ServerDatabase) -> None:
        """Read from `database`."""
        self._database = database
        self._lock = threading.Lock()
        self._changes = 0
        self._versions: OrderedDict[tuple[str, str], dict[str, WorkflowVersion]] = OrderedDict()
        self._programs: OrderedDict[str, tuple[Workflow, Program, tuple[str, ...]]] = OrderedDict()

    def get_startable(self, namespace: str, name: str, version: str = LATEST) -> PublishedWorkflow:
        """Return what a person, a program or a schedule may start; `latest` is the highest that is not deprecated.

        Raises:
            ConflictError: The version is deprecated; it says why.
            NotFoundError: There is none.
            UsageError: It is no version.
        """
        found = self.get(namespace, name, version)
        deprecation = found.about.deprecation
        if deprecation is not None:
            raise ConflictError(
                f"{found.about.full_name} starts no more runs: {deprecation.reason}"
                f" ({deprecation.by_name}, {deprecation.at:%Y-%m-%d})",
                hint="Start another version, such as `latest`.",
            )
        return found

    def find_remembered(self, namespace: str, name: str, version: str = LATEST) -> PublishedWorkflow | None:
        """Return what `get_startable` would, where that is known without asking the database; never blocks for long."""
        with self._lock:
            about = self._versions.get((namespace, name), {}).get(version)
            compiled = None if about is None else self._programs.get(about.digest)
        if about is None or compiled is None or about.deprecation is not None:
            return None
        return PublishedWorkflow(about, *compiled)

    def get(self, namespace: str, name: str, version: str = LATEST) -> PublishedWorkflow:
        """Return what a run under way may start as its child: a deprecated version too, if it is named exactly.

        Raises:
            DamagedHistoryError: The stored text is not what was published.
            NotFoundError: There is none.
            UsageError: It is no version.
        """
        with self._lock:
            changes = self._changes
            about = self._versions.get((namespace, name), {}).get(version)
            compiled = None if about is None else self._programs.get(about.digest)
        if about is None or compiled is None:
            with self._database.read() as connection:
                stored = store.get_stored_version(connection, namespace, name, version)
            about = stored.about
            compiled = self._compile_source(about, stored.source)
            self._remember(namespace, name, version, about, changes)
        return PublishedWorkflow(about, *compiled)

    def keep(self, digest: str, workflow: Workflow) -> None:
        """Compile what is about to be published, so that its first start need not wait for that."""
        self._compile(digest, workflow)

    def forget(self, namespace: str, name: str) -> None:
        """Forget what the names of a workflow mean; called after each change of its versions."""
        with self._lock:
            self._changes += 1
            self._versions.pop((namespace, name), None)

    def _remember(self, namespace: str, name: str, version: str, about: WorkflowVersion, changes: int) -> None:
        with self._lock:
            is_another_spelling = version not in {
                LATEST,
                about.version,
            }  # other build metadata: there is no end to them
            if changes != self._changes or is_another_spelling:
                return
            self._versions.setdefault((namespace, name), {})[version] = about
            self._versions.move_to_end((namespace, name))
            if len(self._versions) > _KEPT_NAMES:
                self._versions.popitem(last=False)

    def _compile_source(self, about: WorkflowVersion, source: str) -> tuple[Workflow, Program, tuple[str, ...]]:
        with self._lock:
            found = self._programs.get(about.digest)
        if found is not None:
            return found
        workflow = load_workflow(source, about.full_name)
        if digest_definition(workflow.definition) != about.digest:
            raise DamagedHistoryError(
                f"The stored text of {about.full_name} is not what was published: it was changed in the database.",
                hint="Restore the database from a backup, or publish a new version.",
            )
        return self._compile(about.digest, workflow)

    def _compile(self, digest: str, workflow: Workflow) -> tuple[Workflow, Program, tuple[str, ...]]:
        unsupported = tuple(problem.message for problem in list_unsupported(workflow))
        compiled = (workflow, compile_workflow(workflow), unsupported)
        with self._lock:
            # The first one stays: there is one object a digest, however many threads come at once.
            kept = self._programs.setdefault(digest, compiled)
            self._programs.move_to_end(digest)
            if len(self._programs) > _KEPT_PROGRAMS:
                self._programs.popitem(last=False)
        return kept
