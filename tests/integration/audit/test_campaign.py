"""Hundreds of ways to change the log, on copies of its database: each is found, given one witnessed head."""

import random
import shutil

import pytest
import sqlalchemy as sa
from audit_forging import (
    TRICKS,
    Forger,
    append_in_chain,
    change_records,
    rechain_and_reroot,
    rechain_without_heads,
    truncate,
)

from kapell.audit.keys import load_signer


@pytest.fixture
def forge(original, tmp_path):
    """Apply a trick to a copy of the original's file, and return the report of its verification; `None` if it did
    nothing."""
    path = tmp_path / "forged.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)

    def apply(trick, seed, heads=original.heads[-1:]):
        shutil.copy(original.path, path)
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            forger = Forger(connection, random.Random(seed))  # noqa: S311 -- the same tricks each time
            before = repr(forger.rows)
            trick(forger)
            if repr(forger.rows) == before:
                return None
            forger.write(connection)
        return original.verify(path, heads)

    yield apply
    engine.dispose()


def test_the_original_is_whole_and_the_campaign_is_large(original):
    report = original.verify(original.path, original.heads[-1:])
    assert (report.is_verified, report.records, report.redacted, report.heads) == (True, 200, 2, 7)
    assert (report.covered, report.witnessed, len(report.keys)) == (200, 200, 2)
    assert sum(times for _, _, times in TRICKS) >= 500


@pytest.mark.parametrize(("name", "trick", "times"), TRICKS, ids=[name for name, _, _ in TRICKS])
def test_every_mutation_is_found(forge, name, trick, times):
    done, missed = 0, []
    for seed in range(times * 3):
        report = forge(trick, f"{name} {seed}")
        if report is None:
            continue  # it happened to change nothing
        done += 1
        if report.is_verified:
            missed.append(seed)
        if done == times:
            break
    assert missed == []
    assert done == times


@pytest.mark.parametrize("trick", [rechain_and_reroot, rechain_without_heads, append_in_chain, truncate])
def test_without_the_key_it_is_found_even_without_a_witness(forge, trick):
    """She can sign neither heads nor a last record."""
    reports = [forge(trick, seed, heads=()) for seed in range(10)]
    assert [report.is_verified for report in reports] == [False] * 10


def test_an_earlier_state_of_the_whole_database_is_found_by_the_witness_alone(original):
    assert len(original.states) == len(original.heads)
    for state, head in zip(original.states, original.heads, strict=True):
        assert original.verify(state).is_verified
        assert original.verify(state, [head]).is_verified
        kinds = {finding.kind for finding in original.verify(state, original.heads).findings}
        if head == original.heads[-1]:
            assert kinds == set()
        else:
            assert {"truncated"} <= kinds <= {"truncated", "forked"}  # a key of later times is one of another log


def rewrite_with_the_key(forger, signer):
    forger.rechain(change_records(forger))
    kept = forger.rows["audit_keys"]
    forger.rows["audit_keys"] = [row for row in kept if row["key_id"] == signer.key_id]
    forger.add_key(signer, alone=True)
    forger.reroot(signer)
    forger.sign_tail(signer)


def test_whoever_has_database_and_key_is_found_by_the_witness_alone(original, tmp_path):
    signer = load_signer(original.key_path)
    for seed in range(20):
        path = shutil.copy(original.path, tmp_path / "owner.db")
        engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        with engine.begin() as connection:
            forger = Forger(connection, random.Random(seed))  # noqa: S311 -- the same tricks each time
            rewrite_with_the_key(forger, signer)
            forger.write(connection)
        alone = original.verify(path)
        assert alone.is_verified, alone.findings
        report = original.verify(path, original.heads[-1:])
        assert {"not_witnessed", "truncated", "forked"} & {finding.kind for finding in report.findings}
