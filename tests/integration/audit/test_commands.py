"""`kapell audit`, as processes."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import NamedTuple

import msgspec
import pytest


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def folder(original, tmp_path):
    """A data folder with a copy of the original's database and key."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(original.path, data / "server.db")
    shutil.copy(original.key_path, data / "audit.key")
    return data


@pytest.fixture
def audit(folder, tmp_path):
    """Calls `kapell audit ...` on that folder."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KAPELL_")}
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    environment |= {"KAPELL_DATA": str(folder), "PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths))}

    def call(*arguments):
        command = [sys.executable, "-m", "kapell", "audit", *map(str, arguments)]
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return call


@pytest.fixture
def witness(original, tmp_path):
    """The file of a witness that saw all heads but the last."""
    path = tmp_path / "witness.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(head) + b"\n" for head in original.heads[:-1]))
    return path


def change(folder, statements):
    with closing(sqlite3.connect(folder / "server.db")) as connection:
        connection.executescript(statements)


def test_a_whole_log_verifies(audit, folder, witness):
    before = (folder / "server.db").read_bytes()
    ended = audit("verify", "--head", witness)
    assert ended.code == 0, ended
    assert "records: 200, of which 2 redacted" in ended.out
    assert "witness: records up to 173 are what it saw" in ended.out
    assert "The log is as it was written." in ended.out
    assert (folder / "server.db").read_bytes() == before
    alone = audit("verify", "--json")
    assert (alone.code, alone.json["is_verified"], alone.json["witnessed"], alone.json["covered"]) == (0, True, 0, 200)


def test_what_is_wrong_is_said_exactly(audit, folder):
    change(folder, "UPDATE audit_records SET target = 'x' WHERE number = 50")
    ended = audit("verify")
    assert ended.code == 1
    assert "edited: record 50: Its hash does not fit what it says.\n" in ended.out
    assert "as it was written" not in ended.out
    assert audit("verify", "--json").json["findings"][0]["place"] == "record 50"


def test_a_log_on_a_medium_that_cannot_be_written_is_verified(audit, folder):
    (folder / "server.db").chmod(0o400)
    folder.chmod(0o500)
    try:
        assert audit("verify").code == 0
    finally:
        folder.chmod(0o700)


def test_an_export_verifies_and_its_changes_are_found(audit, tmp_path, witness):
    exported = audit("export")
    assert exported.code == 0
    path = tmp_path / "log.jsonl"
    path.write_text(exported.out)
    assert audit("verify", "--export", path, "--head", witness).code == 0
    lines = exported.out.splitlines(keepends=True)
    assert len(lines) == 1 + 2 + 200 + 7 + 1
    for changed, kind in (
        ([*lines[:20], *lines[21:]], "deleted"),
        ([*lines[:20], lines[21], lines[20], *lines[22:]], "reordered"),
        ([*lines[:20], lines[20].replace("thing/", "other/"), *lines[21:]], "edited"),
        ([*lines[:20], "{}\n", *lines[20:]], "edited"),
        (lines[:150], "truncated"),
        (lines[:-1], "deleted"),
    ):
        path.write_text("".join(changed))
        ended = audit("verify", "--export", path, "--head", witness, "--json")
        assert ended.code == 1
        assert kind in {finding["kind"] for finding in ended.json["findings"]}


def test_a_selection_is_exported_but_not_verified(audit, tmp_path):
    ended = audit("export", "--action", "audit.*")
    records = [json.loads(line)["record"] for line in ended.out.splitlines() if '"line":"record"' in line]
    assert [record["public"]["action"] for record in records] == ["audit.redact", "audit.rotate_key", "audit.redact"]
    path = tmp_path / "some.jsonl"
    path.write_text(ended.out)
    refused = audit("verify", "--export", path)
    assert (refused.code, "selection" in refused.err) == (2, True)


def test_pages_are_listed(audit):
    ended = audit("list", "--limit", 3)
    assert [line.split()[0] for line in ended.out.splitlines()] == ["number", "200", "199", "198"]
    page = audit("list", "--actor", "u-2", "--decision", "denied", "--before", 150, "--limit", 2, "--json").json
    assert [(record["actor_id"], record["decision"]) for record in page] == [("u-2", "denied")] * 2
    assert page[0]["number"] < 150
    at_three = audit("list", "--since", "2026-01-31T12:00:10Z", "--until", "2026-01-31T12:00:12Z", "--json").json
    assert len(at_three) == 2
    assert "(redacted)" in audit("list", "--before", 18, "--limit", 1).out
    assert audit("list", "--target", "nothing").err == "There are no such records.\n"


def test_a_proof_holds_with_nothing_but_a_head(audit, tmp_path, witness):
    path = tmp_path / "proof.json"
    proof = audit("prove", 42, "--since", witness, "--reveal")
    assert proof.code == 0
    path.write_text(proof.out)
    shutil.rmtree(tmp_path / "data")
    ended = audit("check-proof", path, "--head", witness)
    assert ended.code == 0, ended
    assert "The proof holds." in ended.out
    assert audit("check-proof", path, "--json").json["holds"] is True
    path.write_text(proof.out.replace('"thing/', '"other/'))
    assert audit("check-proof", path).code == 1
    path.write_text(proof.out.replace("because", "not because"))
    assert audit("check-proof", path, "--json").json["faults"] == ["The private part is not what was committed to."]


def test_a_proof_for_another_head_than_the_witness_kept_does_not_hold(audit, tmp_path, witness):
    path = tmp_path / "proof.json"
    path.write_text(audit("prove", 42).out)
    assert audit("check-proof", path).code == 0
    ended = audit("check-proof", path, "--head", witness)
    assert (ended.code, "no" in ended.out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prove", "201"], "no audit record 201"),
        (["prove", "0"], ""),
        (["list", "--since", "soon"], "is no time"),
        (["list", "--decision", "maybe"], "no decision maybe"),
        (["verify", "--data", "missing"], "There is no database"),
        (["verify", "--database", "mysql://x/y"], "mysql"),
        (["verify", "--export", "missing.jsonl"], "cannot be read"),
        (["verify", "--export", "missing.jsonl", "--data", "."], "one log only"),
        (["verify", "--head", "missing.jsonl"], "cannot be read"),
        (["check-proof", "missing.json"], "cannot be read"),
    ],
)
def test_what_cannot_be_used_exits_with_2_and_says_why(audit, arguments, words):
    ended = audit(*arguments)
    assert (ended.code, words in ended.err) == (2, True), ended


def test_a_key_is_rotated_and_replaced(audit, folder):
    old = (folder / "audit.key").read_bytes()
    ended = audit("rotate-key")
    assert ended.code == 0, ended
    assert len(bytes.fromhex(ended.out.strip())) == 32
    assert (folder / "audit.key").read_bytes() != old
    assert len(audit("verify", "--json").json["keys"]) == 3
    (folder / "audit.key").unlink()
    refused = audit("rotate-key")
    assert (refused.code, "--lost" in refused.err) == (2, True)
    assert audit("rotate-key", "--lost").code == 0
    report = audit("verify", "--json").json
    assert [(finding["kind"], finding["place"]) for finding in report["findings"]] == [("bad_signature", "key 4")]
