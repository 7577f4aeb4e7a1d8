"""Whatever is done in whatever order, the service agrees with a model of a few dictionaries."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapell.audit.model import RecordFilter
from kapell.errors import ConflictError, NotFoundError
from kapell.language import InvalidWorkflowError
from kapell.workflows.precedence import encode_precedence

VERSIONS = ["1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0"]

versions = st.sampled_from(VERSIONS)
revisions = st.sampled_from(["right", "none", "old"])
steps = st.one_of(
    st.tuples(st.just("save"), versions, st.integers(1, 2), revisions),
    st.tuples(st.just("save_nonsense"), revisions),
    st.tuples(st.just("discard"), revisions),
    st.tuples(st.just("publish"), versions, st.integers(1, 2), st.booleans()),
    st.tuples(st.just("publish_draft"), revisions, st.booleans()),
    st.tuples(st.just("deprecate"), versions),
    st.tuples(st.just("undeprecate"), versions),
)
names = count()


class Model:
    """What must be so, in a few dictionaries; each method tells what the service must do: `None` or an error."""

    def __init__(self):
        self.published = {}
        self.deprecated = set()
        self.draft = None
        self.revision = 0
        self.records = 0

    def pick(self, which):
        if which == "none":
            return None
        return self.revision - (which == "old")

    def save(self, text, revision):
        if self.draft is not None and self.draft[0] == text:
            return None
        if (None if self.draft is None else self.revision) != revision:
            return ConflictError
        self.revision += 1
        self.draft = text, *self.draft_content(text)
        self.records += 1
        return None

    @staticmethod
    def draft_content(text):
        return text if isinstance(text, tuple) else (None, None)

    def discard(self, revision):
        if self.draft is None:
            return NotFoundError
        if revision != self.revision:
            return ConflictError
        self.draft = None
        self.records += 1
        return None

    def publish(self, version, value, allow_lower):
        if version in self.published:
            return None if self.published[version] == value else ConflictError
        highest = max(self.published, key=VERSIONS.index, default=None)
        if highest is not None and VERSIONS.index(version) < VERSIONS.index(highest) and not allow_lower:
            return ConflictError
        self.published[version] = value
        self.records += 1
        return None

    def publish_draft(self, revision, allow_lower):
        if self.draft is None:
            return NotFoundError
        if revision != self.revision:
            return ConflictError
        _, version, value = self.draft
        if version is None:
            return InvalidWorkflowError
        refused = self.publish(version, value, allow_lower)
        if refused is None:
            self.draft = None
            self.records += 1
        return refused

    def deprecate(self, version):
        if version not in self.published:
            return NotFoundError
        if version in self.deprecated:
            return ConflictError
        self.deprecated.add(version)
        self.records += 1
        return None

    def undeprecate(self, version):
        if version not in self.published:
            return NotFoundError
        if version not in self.deprecated:
            return ConflictError
        self.deprecated.discard(version)
        self.records += 1
        return None

    @property
    def latest(self):
        return max(self.published.keys() - self.deprecated, key=VERSIONS.index, default=None)

    @property
    def newest(self):
        return self.latest or max(self.published, key=VERSIONS.index, default=None)


def take(model, desk, ann, name, step):
    """Return what the model expects of a step, and what makes the service take it."""
    service, (what, *given) = desk.service, step
    match what:
        case "save":
            version, value, which = given
            revision, text = model.pick(which), desk.write(version, name=name, value=value)
            expected = model.save((version, value), revision)
            return expected, lambda: service.save_draft("shop", name, text, actor=ann, revision=revision)
        case "save_nonsense":
            revision = model.pick(given[0])
            expected = model.save("nonsense", revision)
            return expected, lambda: service.save_draft("shop", name, "nonsense", actor=ann, revision=revision)
        case "discard":
            revision = model.pick(given[0]) or 0
            return model.discard(revision), lambda: service.discard_draft("shop", name, actor=ann, revision=revision)
        case "publish":
            version, value, allow_lower = given
            expected = model.publish(version, value, allow_lower)
            return expected, lambda: desk.publish(version, name=name, value=value, allow_lower=allow_lower)
        case "publish_draft":
            revision, allow_lower = model.pick(given[0]) or 0, given[1]
            expected = model.publish_draft(revision, allow_lower)
            rest = {"actor": ann, "revision": revision, "allow_lower": allow_lower}
            return expected, lambda: service.publish_draft("shop", name, **rest)
        case "deprecate":
            return model.deprecate(given[0]), lambda: service.deprecate("shop", name, given[0], "why", actor=ann)
        case "undeprecate":
            return model.undeprecate(given[0]), lambda: service.undeprecate("shop", name, given[0], actor=ann)


def count_records(desk):
    newest = desk.audit.list_records(RecordFilter(), limit=1)
    return newest[0].number if newest else 0


def look(desk, name):
    """Return what can be seen of a workflow: versions, latest, draft, list page."""
    service = desk.service
    try:
        page = service.list_versions("shop", name)
        found = {about.version: about.deprecation is not None for about in page.items}
    except NotFoundError:
        found = {}
    assert list(found) == sorted(found, key=encode_precedence, reverse=True)
    seen = {"versions": found, "values": {}}
    for version in found:
        seen["values"][version] = int(service.get_version("shop", name, version).source.rsplit(" ", 1)[1])
    for what, read in (
        ("latest", lambda: desk.published.get("shop", name).about.version),
        ("draft", lambda: service.get_draft("shop", name).revision),
    ):
        try:
            seen[what] = read()
        except NotFoundError:
            seen[what] = None
    shown = [item for item in service.list_workflows(text=name).items if item.name == name]
    seen["page"] = [(item.newest, item.is_deprecated, item.has_draft) for item in shown]
    return seen


def expect(model):
    """Return what must be seen."""
    is_shown = model.published or model.draft
    is_deprecated = bool(model.published) and model.latest is None
    return {
        "versions": {version: version in model.deprecated for version in model.published},
        "values": model.published,
        "latest": model.latest,
        "draft": model.revision if model.draft else None,
        "page": [(model.newest, is_deprecated, model.draft is not None)] if is_shown else [],
    }


todos = st.lists(steps, min_size=10, max_size=40)
calmly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@given(todo=todos)
@settings(calmly, max_examples=50)
def test_the_service_agrees_with_the_model(desk, ann, todo):
    check_agreement(desk, ann, todo)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@given(todo=todos)
@settings(calmly, max_examples=20)
def test_it_does_so_on_postgresql(desk, ann, todo):
    check_agreement(desk, ann, todo)


def check_agreement(desk, ann, todo):
    name, model = f"order-{next(names)}", Model()
    before = count_records(desk)
    for step in todo:
        expected, act = take(model, desk, ann, name, step)
        if expected is None:
            act()
        else:
            with pytest.raises(expected):
                act()
        assert look(desk, name) == expect(model)
    assert count_records(desk) - before == model.records
