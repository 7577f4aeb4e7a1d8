"""Both clients against a real server."""

import asyncio
import inspect
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from kapell.client import AsyncClient, Client, WaitTimeoutError
from kapell.client.wire.identity import Scope, Subject
from kapell.client.wire.runs import WantedRuns
from kapell.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError, UsageError

pytestmark = pytest.mark.xdist_group("client")  # all of them share one server


async def settle(value):
    """Return what either client gives: awaited, gone through, or as it is."""
    if inspect.isawaitable(value):
        return await value
    if hasattr(value, "__aiter__"):
        return [item async for item in value]
    return list(value) if hasattr(value, "__next__") else value


@pytest.fixture(params=[Client, AsyncClient])
async def either(request, server):
    """A client of each kind; what it gives is to be settled."""
    made = request.param(server.address, token=server.token, retry_seconds=5)
    yield made
    await settle(made.close())


async def test_a_run_from_its_start_to_its_end(either):
    run = await settle(either.runs.start("demo", "nap", input={"a": 1}))
    assert (run.status, run.has_ended) == ("running", False)
    found = await settle(either.runs.wait(run.run_id, timeout_seconds=20))
    assert (found.run.status, found.input, found.output) == ("completed", {"a": 1}, {"done": True})
    events = await settle(either.runs.events(run.run_id))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (events[0].type, events[-1].type) == ("run_started", "run_completed")
    assert events[-1].seconds >= 0.4
    assert await settle(either.runs.history(run.run_id, page_size=2)) == events
    assert await settle(either.runs.events(run.run_id, after=3)) == events[3:]
    assert "completed" in (await settle(either.runs.why(run.run_id))).summary
    assert (await settle(either.runs.state(run.run_id, at=1)))["status"] == "running"


async def test_a_start_may_wait_for_the_end(either):
    run = await settle(either.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=10))
    assert run.status == "completed"


async def test_the_same_key_starts_one_run_only(either):
    key = f"once-{type(either).__name__}"
    first = await settle(either.runs.start("demo", "hello", input={"name": "Ada"}, idempotency_key=key))
    again = await settle(either.runs.start("demo", "hello", input={"name": "Ada"}, idempotency_key=key))
    assert first.run_id == again.run_id
    with pytest.raises(ConflictError, match="key"):
        await settle(either.runs.start("demo", "hello", input={"name": "Eve"}, idempotency_key=key))


async def test_waiting_comes_to_an_end(either):
    run = await settle(either.runs.start("demo", "sleep"))
    with pytest.raises(WaitTimeoutError, match=run.run_id):
        await settle(either.runs.wait(run.run_id, timeout_seconds=0.3))
    await settle(either.runs.suspend(run.run_id))
    with pytest.raises(WaitTimeoutError, match="suspended"):
        await settle(either.runs.wait(run.run_id, timeout_seconds=0.3))
    await settle(either.runs.resume(run.run_id))
    await settle(either.runs.cancel(run.run_id, reason="Enough."))
    assert (await settle(either.runs.wait(run.run_id))).run.status == "cancelled"
    with pytest.raises(ConflictError):
        await settle(either.runs.cancel(run.run_id))


async def test_a_fault_ends_the_events_and_can_be_mended(either):
    run = await settle(either.runs.start("demo", "faults", input={"word": "x"}))
    events = await settle(either.runs.events(run.run_id))
    assert events[-1].type == "run_faulted"
    found = await settle(either.runs.wait(run.run_id))
    assert (found.run.status, found.error.status) == ("faulted", 400)
    await settle(either.runs.retry(run.run_id, input={"word": "7"}))
    assert (await settle(either.runs.wait(run.run_id))).output == {"text": 7}
    later = await settle(either.runs.events(run.run_id))
    assert [event.type for event in later].count("run_faulted") == 1
    assert later[-1].type == "run_completed"


async def test_a_task_can_be_skipped_and_a_run_forked(either):
    run = await settle(either.runs.start("demo", "faults", input={"word": "x"}, wait_seconds=10))
    await settle(either.runs.skip(run.run_id, output={"text": 1}))
    assert (await settle(either.runs.wait(run.run_id))).output == {"text": 1}
    forked = await settle(either.runs.fork(run.run_id, "/do/1/fail"))
    assert forked.run.run_id != run.run_id


async def test_lists_are_gone_through_page_by_page(either):
    started = [await settle(either.runs.start("demo", "hello", input={"name": "Ada"})) for _ in range(5)]
    wanted = [run.run_id for run in reversed(started)]
    found = await settle(either.runs.list(namespace="demo", name="hello", page_size=2))
    assert [run.run_id for run in found][:5] == wanted
    pages = await settle(either.runs.list(namespace="demo", name="hello", page_size=2).pages())
    assert [len(page.items) for page in pages[:2]] == [2, 2]
    rest = await settle(either.runs.list(namespace="demo", name="hello", page_size=2, cursor=pages[0].next))
    assert [run.run_id for run in rest][:3] == wanted[2:]
    assert await settle(either.runs.list(status=["faulted", "damaged"], name="hello")) == []


async def test_the_log_is_gone_through(either):
    run = await settle(either.runs.start("demo", "talks", wait_seconds=20))
    lines = await settle(either.runs.log(run.run_id, page_size=2))
    assert [(line.stream, line.text) for line in sorted(lines, key=lambda line: line.text)] == [
        ("stdout", "one"),
        ("stdout", "three"),
        ("stderr", "two"),
    ]


async def test_workflows_drafts_and_secrets(either):
    name = f"made-{type(either).__name__.lower()}"
    source = (
        f"document: {{dsl: '1.0.3', namespace: own, name: {name}, version: 1.0.0}}\ndo:\n  - a: {{set: {{b: 1}}}}\n"
    )
    assert (await settle(either.workflows.check(source))).is_valid
    draft = await settle(either.workflows.save_draft("own", name, source))
    published = await settle(either.workflows.publish("own", name, revision=draft.revision, note="The first."))
    assert (published.version.version, published.was_published) == ("1.0.0", False)
    assert (await settle(either.workflows.get_version("own", name))).source == source
    later = source.replace("1.0.0", "1.1.0").replace("b: 1", "b: 2")
    await settle(either.workflows.publish("own", name, source=later))
    compared = await settle(either.workflows.compare("own", name, old="1.0.0", new="latest"))
    assert "task_changed" in {change.kind for change in compared.changes}
    versions = await settle(either.workflows.versions("own", name, page_size=1))
    assert [each.version for each in versions] == ["1.1.0", "1.0.0"]
    await settle(either.workflows.deprecate("own", name, "1.1.0", reason="Wrong."))
    assert (await settle(either.workflows.get_version("own", name))).about.version == "1.0.0"
    await settle(either.workflows.undeprecate("own", name, "1.1.0"))
    assert name in {each.name for each in await settle(either.workflows.list(namespace="own", page_size=1))}
    with pytest.raises(UsageError) as raised:
        await settle(either.workflows.publish("own", name, source="document: {}"))
    assert (raised.value.code, bool(raised.value.request_id)) == ("invalid_workflow", True)

    info = await settle(either.secrets.put("own", name, {"user": "u"}))
    assert info.version == 1
    assert name in {each.name for each in await settle(either.secrets.list(namespace="own"))}
    assert await settle(either.secrets.delete("own", name)) is None


async def test_people_groups_roles_bindings_and_tokens(either):
    kind = type(either).__name__.lower()
    person = await settle(either.people.create(f"eve-{kind}", display_name="Eve", password="a long enough password"))
    assert (await settle(either.people.get(person.person_id))).name == f"eve-{kind}"
    assert (await settle(either.people.rename(person.person_id, display_name="E."))).display_name == "E."
    group = await settle(either.groups.create(f"team-{kind}"))
    await settle(either.groups.add_member(group.name, person.person_id))
    assert [each.name for each in await settle(either.groups.members(group.name))] == [person.name]
    await settle(either.roles.define(f"starter-{kind}", ["run.start", "run.read"]))
    binding = await settle(either.bindings.grant(f"starter-{kind}", Subject("group", group.name), namespace="demo"))
    assert {grant.permission for grant in await settle(either.people.grants(person.person_id))} == {
        "run.start",
        "run.read",
    }
    holders = await settle(either.roles.who_can("run.start", namespace="demo"))
    assert person.name in {holder.name for holder in holders}
    await settle(either.bindings.revoke(binding.binding_id))
    await settle(either.people.disable(person.person_id))
    records = await settle(either.audit.records(action="identity.*", page_size=3))
    assert records == [] or records[0].number > records[-1].number
    assert (await settle(either.me.get())).kind == "token"


async def test_a_person_signs_in_and_out(either, server):
    made = type(either)(server.address, token="")
    with pytest.raises(UnauthenticatedError):
        await settle(made.me.get())
    with pytest.raises(UnauthenticatedError):
        await settle(made.me.sign_in("admin", "wrong"))
    session = await settle(made.me.sign_in("admin", server.password))
    assert session.session_id in {each.session_id for each in await settle(made.me.sessions())}
    await settle(made.me.sign_out())
    with pytest.raises(UnauthenticatedError):
        await settle(made.me.get())
    await settle(made.close())


async def test_what_somebody_may_not_do_names_the_permission(either, server):
    made = type(either)(server.address, token=server.make_token({"run.read"}))
    with pytest.raises(ForbiddenError, match=r"run\.start") as raised:
        await settle(made.runs.start("demo", "hello"))
    assert (raised.value.code, bool(raised.value.request_id)) == ("forbidden", True)
    run = await settle(either.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=10))
    found = await settle(made.runs.wait(run.run_id))
    assert (found.has_data, found.output, found.run.status) == (False, None, "completed")
    assert {event.event for event in await settle(made.runs.events(run.run_id))} == {None}
    await settle(made.close())


async def test_what_is_not_there_is_not_found(either):
    with pytest.raises(NotFoundError, match="There is no run nope"):
        await settle(either.runs.get("nope"))
    with pytest.raises(NotFoundError):
        await settle(either.runs.events("nope"))
    with pytest.raises(NotFoundError):
        await settle(either.runs.start("demo", "nothing"))


async def test_what_is_no_json_is_not_sent(either):
    with pytest.raises(TypeError):
        await settle(either.runs.start("demo", "hello", input={"name": object()}))


async def test_health_readiness_metrics_and_providers_need_no_token(either, server):
    made = type(either)(server.address, token="")
    assert (await settle(made.server.health())).status == "ok"
    assert (await settle(made.server.readiness())).status == "ok"
    assert "kapell_runs_started" in await settle(made.server.metrics())
    assert await settle(made.me.providers()) == []
    assert not (await settle(made.me.sign_in_state())).is_signed_in
    assert (await settle(either.me.sign_in_state())).is_signed_in
    await settle(made.close())


async def test_all_runs_are_watched(server):
    async with AsyncClient(server.address, token=server.token) as client:
        seen = []
        changes = client.runs.watch()

        async def watch():
            async for change in changes:
                seen.append(change)
                if change.type == "run_completed" and change.name == "hello":
                    return

        watching = asyncio.create_task(watch())
        while not watching.done():
            await client.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=5)
            await asyncio.wait([watching], timeout=0.1)
        await watching
        await changes.aclose()
    assert {change.namespace for change in seen} == {"demo"}


async def test_many_calls_share_few_connections(server):
    async with AsyncClient(server.address, token=server.token, connections=5) as client:
        calls = [client.runs.start("demo", "hello", input={"name": str(number)}) for number in range(40)]
        runs = await asyncio.gather(*calls)
    assert len({run.run_id for run in runs}) == 40


def test_a_tokens_scope_is_kept(server):
    with server.client(token="") as client:
        client.me.sign_in("admin", server.password)
        scope = Scope(frozenset({"run.read"}), frozenset({"demo"}))
        made = client.tokens.create("narrow", scope, datetime.now(UTC) + timedelta(hours=1))
        assert made.token.scope == scope
        assert made.token.token_id in {token.token_id for token in client.tokens.list(page_size=1)}
        client.tokens.revoke(made.token.token_id)
        with server.client(token=made.text) as narrow, pytest.raises(UnauthenticatedError):
            narrow.me.get()


def test_a_record_is_proved(client):
    record = next(client.audit.records())
    assert msgspec.json.encode(record)
    heads = list(client.audit.heads(page_size=2))
    assert all(head.signature for head in heads)


async def test_many_runs_at_once(either):
    kind = type(either).__name__
    runs = [await settle(either.runs.start("demo", "faults", input={"word": f"x{kind}"})) for _ in range(2)]
    for run in runs:
        await settle(either.runs.wait(run.run_id))
    wanted = WantedRuns(status=["faulted"], name="faults", started_after=runs[0].created_at)
    preview = await settle(either.bulk.preview("skip", wanted, output={"text": 0}))
    assert (preview.matched, preview.would_refuse) == (2, 0)
    started = await settle(either.bulk.start(preview.bulk_id, expected=2))
    assert started.runs == wanted
    async with asyncio.timeout(20):
        while (await settle(either.bulk.get(preview.bulk_id))).state == "running":  # noqa: ASYNC110 -- no event tells
            await asyncio.sleep(0.05)
    for run in runs:
        assert (await settle(either.runs.wait(run.run_id))).output == {"text": 0}
    assert preview.bulk_id in {each.bulk_id for each in await settle(either.bulk.list(page_size=1))}
    assert (await settle(either.bulk.get(preview.bulk_id))).matched == 2
    targets = await settle(either.bulk.runs(preview.bulk_id, page_size=1))
    assert {target.run_id for target in targets} == {run.run_id for run in runs}
    with pytest.raises(ConflictError):
        await settle(either.bulk.cancel(preview.bulk_id))


async def test_figures_the_search_index_and_expressions(either):
    await settle(either.runs.start("demo", "hello", input={"name": "Ada"}, wait_seconds=5))
    found = await settle(either.statistics.get(namespace="demo", by="workflow"))
    assert found.total.started >= 1
    assert "hello" in {subject.name for subject in found.subjects}
    assert (await settle(either.search.get())).is_on
    assert (await settle(either.expressions.evaluate(".a + 1", data={"a": 1}))).value == 2
    assert (await settle(either.expressions.evaluate(".a +"))).problem.kind == "syntax"
