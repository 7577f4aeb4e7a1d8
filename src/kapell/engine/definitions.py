"""Workflows that runs are made of: kept under their digest, compiled once."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.errors import DamagedHistoryError, KapellError, NotFoundError
from kapell.language import list_unsupported, load_workflow
from kapell.language.compiler import compile_workflow
from kapell.language.program import Program, WorkflowSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.engine.store import RunStore
    from kapell.language.model import Workflow

_encoder = msgspec.json.Encoder(order=None)


class Definition(msgspec.Struct, frozen=True):
    """A workflow as it is kept.

    Attributes:
        digest: The hash of its definition.
        program: What it compiles to.
        unsupported: What in it cannot run yet, a sentence each.
    """

    digest: str
    program: Program
    unsupported: tuple[str, ...] = ()


class Definitions:
    """The workflows of a store, and those that child runs may be made of. Any thread may use it."""

    def __init__(self, store: RunStore) -> None:
        """Read from and keep in `store`."""
        self._store = store
        self._by_digest: dict[str, Definition] = {}
        self._last_added: tuple[Workflow, Definition] | None = None
        self._offered: dict[tuple[str, str], dict[str, Definition]] = {}
        self.find_published: Callable[[str, str, str], Workflow | None] = lambda *_: None
        """Finds a workflow that was not offered, by namespace, name and version, where there is more to look in."""

    def add(self, workflow: Workflow) -> Definition:
        """Keep a workflow and return its definition; the same workflow is kept once."""
        # Whoever starts many runs starts them of the same workflow: hashing it each time would cost more than a task.
        if self._last_added is not None and self._last_added[0] is workflow:
            return self._last_added[1]
        source = _encoder.encode(workflow.definition)
        digest = hashlib.sha256(source).hexdigest()
        found = self._by_digest.get(digest)
        if found is None:
            unsupported = tuple(problem.message for problem in list_unsupported(workflow))
            found = Definition(digest, compile_workflow(workflow), unsupported)
            self._store.put_definition(digest, source)
            found = self._by_digest.setdefault(digest, found)
        self._last_added = (workflow, found)
        return found

    def is_last_added(self, workflow: Workflow) -> bool:
        """Tell whether a workflow is the one that was added last, so that adding it again takes no time."""
        return self._last_added is not None and self._last_added[0] is workflow

    def prepare(self, workflow: Workflow) -> None:
        """Add a workflow, and all that its runs may start as child runs, before anything has to wait for that."""
        found = self.add(workflow)
        seen = {found.digest}
        unseen = [found]
        while unseen:
            new = [child for child in self._find_children(unseen.pop().program) if child.digest not in seen]
            seen.update(child.digest for child in new)
            unseen += new
        self._last_added = (workflow, found)

    def _find_children(self, program: Program) -> list[Definition]:
        specs = [node.spec for node in program.nodes if isinstance(node.spec, WorkflowSpec)]
        found = []
        for name in {(spec.namespace, spec.name, spec.version) for spec in specs}:
            with suppress(KapellError):  # the step that wants it will say what is wrong
                found.append(self.find_offered(*name))
        return found

    def pin(self, digest: str) -> Definition:
        """Return a kept definition as `get` does; it stays also when no run is left that is made of it."""
        found = self.get(digest)
        self._store.put_definition(digest, self._store.get_definition(digest))
        return found

    def offer(self, workflow: Workflow) -> Definition:
        """Keep a workflow and let `run: workflow` find it."""
        found = self.add(workflow)
        name = (found.program.namespace, found.program.name)
        self._offered.setdefault(name, {})[found.program.version] = found
        return found

    def get(self, digest: str) -> Definition:
        """Return a kept definition. Raises `NotFoundError`, or `DamagedHistoryError` if it does not match its hash."""
        found = self._by_digest.get(digest)
        if found is None:
            source = self._store.get_definition(digest)
            if hashlib.sha256(source).hexdigest() != digest:
                raise DamagedHistoryError(
                    f"The stored workflow {digest[:12]} does not match its hash: the database was damaged on disk.",
                    hint="The runs of it cannot be carried on; restore the data folder from a backup.",
                )
            found = Definition(digest, compile_workflow(load_workflow(source, f"definition {digest[:12]}")))
            found = self._by_digest.setdefault(digest, found)
        return found

    def find_offered(self, namespace: str, name: str, version: str) -> Definition:
        """Return the workflow of that name; `latest` is the highest version. Raises `NotFoundError` with advice."""
        versions = self._offered.get((namespace, name), {})
        if version == "latest" and versions:
            return versions[max(versions, key=_version_key)]
        if version not in versions:
            published = self.find_published(namespace, name, version)
            if published is not None:
                return self.add(published)
            offered = ", ".join(sorted(f"{ns}/{n}:{v}" for (ns, n), found in self._offered.items() for v in found))
            raise NotFoundError(
                f"There is no workflow {namespace}/{name}:{version}.",
                hint=f"Offered are: {offered}." if offered else "Name files or folders with workflows by --workflows.",
            )
        return versions[version]


def _version_key(version: str) -> tuple[Any, ...]:
    """Order semantic versions (semver.org, 11): a pre-release comes before its release."""
    core, _, rest = version.split("+", maxsplit=1)[0].partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in rest.split(".")) if rest else ()
    return (numbers, not rest, parts)
