"""The contract of `RunStore`, sentence by sentence, on every implementation."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from kapell.engine.store import Batch, InboxAnswer, RunFilter
from kapell.errors import ConflictError, DamagedHistoryError, NotFoundError, StaleOwnerError

ALL = RunFilter()


def seqs(rows):
    return [(row.first_seq, row.count) for row in rows]


def ids(records):
    return [record.run_id for record in records]


# -- ownership ---------------------------------------------------------------------------------------------------------


def test_each_owner_gets_a_larger_epoch_and_no_lease_hinders_it(medium, store, now):
    epochs = [
        store.acquire("first", now, 1000.0),
        medium.open().acquire("second", now, 1000.0),
        store.acquire("third", now, 1000.0),
    ]
    assert epochs == sorted(set(epochs))


def test_renewing_is_refused_once_another_owner_has_acquired(medium, store, epoch, now):
    store.renew(epoch, now + timedelta(seconds=5), 10.0)
    other_epoch = medium.open().acquire("other", now, 10.0)
    with pytest.raises(StaleOwnerError):
        store.renew(epoch, now, 10.0)
    store.renew(other_epoch, now, 10.0)


def test_what_a_former_owner_appends_is_refused_and_not_written(medium, store, epoch, make_batch, now):
    store.append(epoch, [make_batch("a")])
    other = medium.open()
    other_epoch = other.acquire("other", now, 10.0)
    with pytest.raises(StaleOwnerError) as refusal:
        store.append(epoch, [make_batch("a", 2), make_batch("b")])
    assert "other" in refusal.value.message
    assert seqs(other.iter_history("a")) == [(1, 1)]
    assert ids(other.list_runs(ALL, limit=10)) == ["a"]
    other.append(other_epoch, [make_batch("a", 2)])


def test_everything_that_takes_an_epoch_refuses_a_stale_one(medium, store, epoch, add_runs, now):
    add_runs(a={"status": "completed"})
    command_id = store.put_command("a", b"cancel", now)
    medium.open().acquire("other", now, 10.0)
    with pytest.raises(StaleOwnerError):
        store.answer_command(epoch, InboxAnswer(command_id=command_id, error="no"))
    with pytest.raises(StaleOwnerError):
        store.close_damaged(epoch, "a", "broken", now)
    with pytest.raises(StaleOwnerError):
        store.prune(epoch, now + timedelta(days=1), limit=10)
    assert store.find_answer(command_id) is None
    assert store.get_record("a").status == "completed"


@pytest.mark.parametrize("invented", [0, 1, 7])
def test_nobody_writes_before_somebody_has_acquired(store, make_batch, invented):
    with pytest.raises(StaleOwnerError):
        store.append(invented, [make_batch("a")])


# -- appending ---------------------------------------------------------------------------------------------------------


def test_what_was_appended_is_given_back(medium, store, epoch, make_batch, make_record, now):
    record = make_record(
        "a", "waiting", parent_run_id="p", parked_until=now + timedelta(days=400), error="zu spät ☃", version="2.1.0"
    )
    store.append(epoch, [make_batch("a", count=3, body=b"\x00one-two-three", record=record)])
    store.append(epoch, [make_batch("a", 4, at=now + timedelta(microseconds=1), body=b"four")])
    for reader in (store, medium.open()):
        stored = reader.load_run("a")
        assert stored.record == record == reader.get_record("a")
        assert stored.snapshot is None
        assert stored.snapshot_seq == 0
        assert [(row.first_seq, row.count, row.at, row.body) for row in stored.rows] == [
            (1, 3, now, b"\x00one-two-three"),
            (4, 1, now + timedelta(microseconds=1), b"four"),
        ]
        assert tuple(reader.iter_history("a")) == stored.rows


def test_many_runs_move_in_one_call_and_one_run_may_move_twice(store, epoch, make_batch, make_record):
    store.append(epoch, [make_batch("a"), make_batch("b"), make_batch("a", 2, count=5)])
    store.append(epoch, [make_batch("a", 7, record=make_record("a", "completed")), make_batch("b", 2)])
    assert seqs(store.iter_history("a")) == [(1, 1), (2, 5), (7, 1)]
    assert seqs(store.iter_history("b")) == [(1, 1), (2, 1)]
    assert store.get_record("a").status == "completed"
    assert store.get_record("b").status == "running"


def test_an_empty_call_writes_nothing(store, epoch):
    store.append(epoch, [])
    assert store.list_runs(ALL, limit=10) == []


@pytest.mark.parametrize("first_seq", [1, 2, 3, 5, 100])
def test_a_batch_that_does_not_follow_is_refused(medium, store, epoch, make_batch, first_seq):
    store.append(epoch, [make_batch("a", count=3)])
    for writer in (store, medium.open()):
        with pytest.raises(ConflictError):
            writer.append(epoch, [make_batch("a", first_seq, record=None)])
        assert seqs(writer.iter_history("a")) == [(1, 3)]
    writer.append(epoch, [make_batch("a", 4)])


def test_nothing_of_a_refused_call_is_kept(store, epoch, make_batch, make_record, make_payload, now):
    store.append(epoch, [make_batch("a"), make_batch("b")])
    command_id = store.put_command("b", b"cancel", now)
    payload = make_payload(b"large")
    everything = make_batch(
        "b", 2, record=make_record("b", "completed"), snapshot=b"s", payloads=(payload,), done_commands=(command_id,)
    )
    with pytest.raises(ConflictError):
        store.append(epoch, [everything, make_batch("c"), make_batch("a", 3, record=make_record("a", "faulted"))])
    assert seqs(store.iter_history("a")) == seqs(store.iter_history("b")) == [(1, 1)]
    assert {run.run_id: run.status for run in store.list_runs(ALL, limit=10)} == {"a": "running", "b": "running"}
    assert store.load_run("b").snapshot is None
    assert store.find_answer(command_id) is None
    with pytest.raises(NotFoundError):
        store.get_payload(payload[0])
    store.append(epoch, [everything, make_batch("c"), make_batch("a", 2)])


def test_a_refused_call_leaves_the_numbers_as_they_were(store, epoch, make_batch):
    store.append(epoch, [make_batch("a")])
    with pytest.raises(ConflictError):
        store.append(epoch, [make_batch("a", 2), make_batch("a", 4)])
    store.append(epoch, [make_batch("a", 2)])
    assert seqs(store.iter_history("a")) == [(1, 1), (2, 1)]


def test_a_new_run_begins_with_event_one_and_brings_its_record(store, epoch, make_batch, make_record):
    with pytest.raises(ConflictError):
        store.append(epoch, [make_batch("a", 2, record=make_record("a"))])
    with pytest.raises(ConflictError):
        store.append(epoch, [make_batch("a", record=None)])
    assert store.list_runs(ALL, limit=10) == []


def test_a_batch_without_events_writes_the_other_fields(store, epoch, make_batch, make_record, make_payload, now):
    digest, body = make_payload(b"input")
    store.append(epoch, [make_batch("a", 99, count=0, body=b"", record=make_record("a"), payloads=((digest, body),))])
    store.append(epoch, [make_batch("a", count=2)])
    command_id = store.put_command("a", b"suspend", now)
    store.append(
        epoch,
        [
            make_batch(
                "a",
                0,
                count=0,
                body=b"",
                record=make_record("a", "suspended"),
                snapshot=b"state",
                done_commands=(command_id,),
            )
        ],
    )
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, stored.rows) == (b"state", 2, ())
    assert stored.record.status == "suspended"
    assert store.get_payload(digest) == body
    assert store.list_commands() == []
    assert seqs(store.iter_history("a")) == [(1, 2)]


@pytest.mark.parametrize("status", ["running", "waiting", "suspended", "cancelling"])
def test_a_record_that_has_not_ended_has_no_time_of_its_end(store, epoch, make_batch, make_record, status, now):
    with pytest.raises(ConflictError):
        store.append(epoch, [make_batch("a", record=make_record("a", status, ended_at=now))])


@pytest.mark.parametrize("status", ["completed", "faulted", "cancelled", "damaged"])
def test_a_record_that_has_ended_has_a_time_of_its_end(store, epoch, make_batch, make_record, status):
    with pytest.raises(ConflictError):
        store.append(epoch, [make_batch("a", record=make_record("a", status, ended_at=None))])


def test_a_record_names_a_definition_that_was_put(store, epoch, make_batch, make_record):
    with pytest.raises(ConflictError, match="definition"):
        store.append(epoch, [make_batch("a", record=make_record("a", definition="unknown"))])


def test_where_a_run_comes_from_never_changes(store, epoch, make_batch, make_record, now):
    first = make_record("a", parent_run_id="p")
    later = make_record(
        "a",
        "waiting",
        created_at=now + timedelta(days=1),
        namespace="bank",
        name="bill",
        version="9",
        definition="unknown",
        parent_run_id="q",
        parked_until=now + timedelta(days=2),
        error="none yet",
    )
    store.append(epoch, [make_batch("a", record=first), make_batch("a", 2, record=later)])
    store.append(epoch, [make_batch("a", 3, record=later)])
    origin = {name: getattr(first, name) for name in ("namespace", "name", "version", "definition", "created_at")}
    assert store.get_record("a") == replace(later, parent_run_id="p", **origin)


def test_changing_a_record_after_handing_it_over_changes_nothing_stored(store, epoch, make_batch, make_record):
    record = make_record("a")
    store.append(epoch, [make_batch("a", record=record)])
    record.status = "faulted"
    store.get_record("a").status = "cancelled"
    store.list_runs(ALL, limit=1)[0].status = "cancelled"
    store.load_run("a").record.status = "cancelled"
    assert store.get_record("a").status == "running"


def test_an_ended_run_can_be_carried_on(store, epoch, make_batch, make_record):
    store.append(epoch, [make_batch("a", record=make_record("a", "faulted"))])
    store.append(epoch, [make_batch("a", 2, record=make_record("a"))])
    assert store.get_record("a").ended_at is None
    assert ids(store.list_unfinished()) == ["a"]
    with pytest.raises(ConflictError):
        store.append(epoch, [make_batch("a", 2)])


def test_text_that_utf8_cannot_hold_is_kept_as_far_as_it_goes(store, epoch, make_batch, make_record, make_line):
    store.append(epoch, [make_batch("a", record=make_record("a", "faulted", error="half \ud83d of it"))])
    store.append_log("a", [make_line("half \ud83d of it")])
    assert store.get_record("a").error in {"half ? of it", "half \ud83d of it"}
    assert [line.text for line in store.read_log("a")] in (["half ? of it"], ["half \ud83d of it"])


# -- snapshots, payloads, definitions ----------------------------------------------------------------------------------


def test_the_newest_snapshot_and_the_events_after_it_carry_a_run_on(store, epoch, make_batch):
    store.append(
        epoch, [make_batch("a", count=2), make_batch("a", 3, snapshot=b"state-3"), make_batch("a", 4, count=2)]
    )
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, seqs(stored.rows)) == (b"state-3", 3, [(4, 2)])
    for first_seq in range(6, 12):
        store.append(epoch, [make_batch("a", first_seq, snapshot=b"state-%d" % first_seq)])
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, stored.rows) == (b"state-11", 11, ())
    assert seqs(store.iter_history("a"))[:2] == [(1, 2), (3, 1)]


def test_a_snapshot_is_replaced_by_a_later_one_of_the_same_event(store, epoch, make_batch):
    store.append(epoch, [make_batch("a", snapshot=b"first")])
    store.append(epoch, [make_batch("a", count=0, record=None, body=b"", snapshot=b"second")])
    assert store.load_run("a").snapshot == b"second"


def test_a_payload_is_stored_once_and_given_back(store, epoch, make_batch, make_payload):
    payload = make_payload(b"x" * 100_000)
    store.append(epoch, [make_batch("a", payloads=(payload, make_payload(b""))), make_batch("b", payloads=(payload,))])
    store.append(epoch, [make_batch("a", 2, payloads=(payload,))])
    assert store.get_payload(payload[0]) == payload[1]
    assert store.get_payload(make_payload(b"")[0]) == b""


def test_a_payload_that_does_not_match_its_hash_is_not_given_out(store, epoch, make_batch, make_payload):
    digest, _ = make_payload(b"right")
    store.append(epoch, [make_batch("a", payloads=((digest, b"wrong"),))])
    with pytest.raises(DamagedHistoryError, match=digest):
        store.get_payload(digest)


def test_a_definition_is_kept_under_its_digest_as_it_was_first(medium, store):
    store.put_definition("d", b"do: []")
    store.put_definition("d", b"something else")
    assert store.get_definition("d") == medium.open().get_definition("d") == b"do: []"


def test_what_is_not_there_is_not_found(store, epoch, now):
    for ask in (
        lambda: store.get_definition("x"),
        lambda: store.get_payload("x"),
        lambda: store.get_record("x"),
        lambda: store.load_run("x"),
        lambda: list(store.iter_history("x")),
        lambda: store.find_answer(1),
        lambda: store.close_damaged(epoch, "x", "broken", now),
    ):
        with pytest.raises(NotFoundError):
            ask()


# -- histories ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_seq", "expected"),
    [
        (0, [(1, 3), (4, 1), (5, 2)]),
        (1, [(1, 3), (4, 1), (5, 2)]),
        (2, [(1, 3), (4, 1), (5, 2)]),
        (3, [(4, 1), (5, 2)]),
        (4, [(5, 2)]),
        (5, [(5, 2)]),
        (6, []),
        (99, []),
    ],
)
def test_a_history_is_streamed_from_behind_an_event(store, epoch, make_batch, after_seq, expected):
    store.append(epoch, [make_batch("a", count=3), make_batch("a", 4), make_batch("a", 5, count=2), make_batch("b")])
    assert seqs(store.iter_history("a", after_seq)) == expected


def test_a_long_history_is_streamed_whole_while_the_run_goes_on(store, epoch, make_batch):
    store.append(epoch, [make_batch("a", seq) for seq in range(1, 1001)])
    rows = store.iter_history("a")
    first = next(rows)
    store.append(epoch, [make_batch("a", 1001)])
    assert [first.first_seq, *(row.first_seq for row in rows)][:1000] == list(range(1, 1001))


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_page_shows_the_newest_first_and_goes_on_behind_the_last(store, add_runs):
    add_runs(*(f"r{number:02}" for number in range(25)))
    pages, after = [], None
    while page := ids(store.list_runs(ALL, limit=10, after=after)):
        pages.append(page)
        after = page[-1]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [run_id for page in pages for run_id in page] == [f"r{number:02}" for number in reversed(range(25))]


def test_a_page_can_go_on_behind_a_run_that_is_gone(store, epoch, add_runs, now):
    add_runs("r1", r2={"status": "completed"}, r3={})
    store.prune(epoch, now + timedelta(days=1), limit=1)
    assert ids(store.list_runs(ALL, limit=10, after="r2")) == ["r1"]
    assert ids(store.list_runs(ALL, limit=10, after="r0")) == []


def test_a_filter_asks_for_runs_that_match_all_of_it(store, add_runs):
    add_runs(
        r1={"status": "completed"},
        r2={"status": "faulted", "name": "bill"},
        r3={"namespace": "bank", "status": "completed"},
        r4={"name": "bill", "parent_run_id": "r1"},
        r5={"parent_run_id": "r1", "status": "completed"},
    )
    expected = {
        RunFilter(): ["r5", "r4", "r3", "r2", "r1"],
        RunFilter(statuses=frozenset({"completed"})): ["r5", "r3", "r1"],
        RunFilter(statuses=frozenset({"faulted", "completed"})): ["r5", "r3", "r2", "r1"],
        RunFilter(statuses=frozenset({"damaged"})): [],
        RunFilter(namespace="bank"): ["r3"],
        RunFilter(name="bill"): ["r4", "r2"],
        RunFilter(name="bill", namespace="bank"): [],
        RunFilter(parent_run_id="r1"): ["r5", "r4"],
        RunFilter(parent_run_id="r1", statuses=frozenset({"running", "waiting"}), name="bill"): ["r4"],
    }
    for where, run_ids in expected.items():
        assert ids(store.list_runs(where, limit=10)) == run_ids, where
        assert ids(store.list_runs(where, limit=2)) == run_ids[:2], where
        assert ids(store.list_runs(where, limit=10, after="r4")) == [run for run in run_ids if run < "r4"], where


def test_the_unfinished_runs_come_oldest_first(store, add_runs):
    add_runs(
        r1={"status": "waiting"},
        r2={"status": "completed"},
        r3={},
        r4={"status": "cancelled"},
        r5={"status": "suspended"},
        r6={"status": "faulted"},
        r7={"status": "cancelling"},
        r8={"status": "damaged"},
    )
    assert ids(store.list_unfinished()) == ["r1", "r3", "r5", "r7"]


def test_runs_are_found_by_the_first_letters_of_their_ids(store, add_runs):
    add_runs("01ab", "01ac", "01b_", "01b%", "02aa")
    assert store.find_runs_by_prefix("01a", limit=10) == ["01ab", "01ac"]
    assert store.find_runs_by_prefix("0") == ["01ab", "01ac"]
    assert store.find_runs_by_prefix("01b%") == ["01b%"]
    assert store.find_runs_by_prefix("01b_") == ["01b_"]
    assert store.find_runs_by_prefix("02aa") == ["02aa"]
    assert store.find_runs_by_prefix("03") == []
    assert len(store.find_runs_by_prefix("", limit=10)) == 5


# -- the inbox ---------------------------------------------------------------------------------------------------------


def test_commands_wait_in_order_until_they_are_answered(medium, store, epoch, now):
    caller = medium.open()
    first = caller.put_command("a", b"cancel", now)
    second = caller.put_command("b", b"suspend", now + timedelta(seconds=1))
    waiting = store.list_commands()
    assert [(command.command_id, command.run_id, command.body, command.created_at) for command in waiting] == [
        (first, "a", b"cancel", now),
        (second, "b", b"suspend", now + timedelta(seconds=1)),
    ]
    assert [command.command_id for command in store.list_commands(after_id=first)] == [second]
    assert caller.find_answer(first) is None
    store.answer_command(epoch, InboxAnswer(command_id=first, error="no such task", detail={"near": ["/do/0", 1.5]}))
    assert [command.command_id for command in store.list_commands()] == [second]
    assert caller.find_answer(first) == InboxAnswer(
        command_id=first, error="no such task", detail={"near": ["/do/0", 1.5]}
    )
    assert caller.find_answer(second) is None


def test_a_command_that_leaves_with_a_batch_was_obeyed(store, epoch, make_batch, now):
    command_id = store.put_command("a", b"cancel", now)
    store.append(epoch, [make_batch("a", done_commands=(command_id, 999))])
    assert store.list_commands() == []
    assert store.find_answer(command_id) == InboxAnswer(command_id=command_id, error="")
    with pytest.raises(NotFoundError):
        store.find_answer(999)


def test_the_first_answer_to_a_command_stands(store, epoch, make_batch, now):
    refused, obeyed = store.put_command("a", b"x", now), store.put_command("a", b"y", now)
    store.append(epoch, [make_batch("a", done_commands=(obeyed,))])
    store.answer_command(epoch, InboxAnswer(command_id=refused, error="no"))
    store.append(epoch, [make_batch("a", 2, done_commands=(refused,))])
    store.answer_command(epoch, InboxAnswer(command_id=obeyed, error="too late"))
    assert store.find_answer(refused).error == "no"
    assert store.find_answer(obeyed).error == ""


def test_the_answers_of_the_last_thousand_commands_are_kept(medium, store, epoch, now):
    first = store.put_command("a", b"x", now)
    store.answer_command(epoch, InboxAnswer(command_id=first, error=""))
    for _ in range(999):
        last = store.put_command("a", b"x", now)
    assert store.find_answer(first) is not None
    last = store.put_command("a", b"x", now)
    with pytest.raises(NotFoundError):
        store.find_answer(first)
    assert last - first == 1000
    assert medium.open().put_command("a", b"x", now) == last + 1


# -- care --------------------------------------------------------------------------------------------------------------


def test_a_damaged_run_is_closed_with_its_reason_and_keeps_its_rows(store, epoch, add_runs, now):
    add_runs(a={"parked_until": now, "status": "waiting"})
    store.close_damaged(epoch, "a", "event 7 does not match its checksum", now + timedelta(hours=1))
    record = store.get_record("a")
    assert (record.status, record.error) == ("damaged", "event 7 does not match its checksum")
    assert record.ended_at == record.updated_at == now + timedelta(hours=1)
    assert record.parked_until is None
    assert store.list_unfinished() == []
    assert seqs(store.iter_history("a")) == [(1, 1)]


def test_pruning_takes_the_runs_that_ended_longest_ago_a_few_at_a_time(store, epoch, add_runs, make_line, now):
    ends = {"r1": 5, "r2": 3, "r3": 1, "r4": 9}
    add_runs("r0", **{run: {"status": "completed", "ended_at": now + timedelta(days=day)} for run, day in ends.items()})
    for run_id in ("r0", *ends):
        store.append_log(run_id, [make_line("a line")])
    before = now + timedelta(days=5, microseconds=1)
    assert store.prune(epoch, before, limit=2) == 2
    assert ids(store.list_runs(ALL, limit=10)) == ["r4", "r1", "r0"]
    assert store.prune(epoch, before, limit=2) == 1
    assert store.prune(epoch, before, limit=2) == 0
    assert ids(store.list_runs(ALL, limit=10)) == ["r4", "r0"]
    assert [len(store.read_log(run_id)) for run_id in ("r0", "r1", "r2", "r3", "r4")] == [1, 0, 0, 0, 1]
    with pytest.raises(NotFoundError):
        store.load_run("r1")
    with pytest.raises(NotFoundError):
        list(store.iter_history("r2"))


def test_a_run_that_ended_exactly_then_stays(store, epoch, add_runs, now):
    add_runs(a={"status": "completed", "ended_at": now})
    assert store.prune(epoch, now, limit=10) == 0


def test_a_payload_goes_with_the_last_run_that_uses_it(store, epoch, make_batch, make_record, make_payload, now):
    shared, own, live = make_payload(b"shared"), make_payload(b"own"), make_payload(b"live")
    early = now - timedelta(days=2)
    store.append(
        epoch,
        [
            make_batch(
                "a", payloads=(shared, own), snapshot=b"s", record=make_record("a", "completed", ended_at=early)
            ),
            make_batch("b", payloads=(shared,), record=make_record("b", "completed")),
            make_batch("c", payloads=(live,)),
        ],
    )
    assert store.prune(epoch, now, limit=10) == 1
    assert store.get_payload(shared[0]) == b"shared"
    with pytest.raises(NotFoundError):
        store.get_payload(own[0])
    assert store.prune(epoch, now + timedelta(days=1), limit=10) == 1
    with pytest.raises(NotFoundError):
        store.get_payload(shared[0])
    assert store.get_payload(live[0]) == b"live"


def test_a_definition_goes_with_its_last_run_unless_it_was_put_by_this_store(
    medium, store, epoch, make_batch, make_record, now
):
    store.put_definition("old", b"x")
    store.put_definition("shared", b"y")
    store.append(
        epoch,
        [
            make_batch("a", record=make_record("a", "completed", definition="old")),
            make_batch("b", record=make_record("b", "completed", definition="shared")),
            make_batch("c", record=make_record("c", definition="shared")),
            make_batch("d", record=make_record("d", "completed")),
        ],
    )
    later = medium.open()
    later.put_definition("definition-1", b"as before")
    assert later.prune(later.acquire("later", now, 10.0), now + timedelta(days=1), limit=10) == 3
    with pytest.raises(NotFoundError):
        later.get_definition("old")
    assert later.get_definition("shared") == b"y"
    assert later.get_definition("definition-1") == b"document: {}"


def test_a_child_stays_while_its_parent_has_not_ended(store, epoch, add_runs, make_batch, make_record, now):
    add_runs(
        "p", child={"status": "completed", "parent_run_id": "p"}, orphan={"status": "faulted", "parent_run_id": "gone"}
    )
    later = now + timedelta(days=1)
    assert store.prune(epoch, later, limit=10) == 1
    assert ids(store.list_runs(ALL, limit=10)) == ["child", "p"]
    store.append(epoch, [make_batch("p", 2, record=make_record("p", "completed"))])
    assert store.prune(epoch, later, limit=10) == 2


def test_the_id_of_a_pruned_run_can_be_used_again(store, epoch, add_runs, make_batch, now):
    add_runs(a={"status": "completed"})
    store.append(epoch, [make_batch("a", 2)])
    store.prune(epoch, now + timedelta(days=1), limit=10)
    store.append(epoch, [make_batch("a"), make_batch("b")])
    assert seqs(store.iter_history("a")) == [(1, 1)]


def test_a_store_can_be_closed_twice(medium):
    store = medium.open()
    store.close()
    store.close()


def test_a_batch_is_immutable(make_batch):
    batch = make_batch("a")
    assert isinstance(batch, Batch)
    with pytest.raises(AttributeError):
        batch.first_seq = 2
