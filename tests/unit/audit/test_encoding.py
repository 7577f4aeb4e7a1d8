"""The bytes of the log, computed a second time with nothing but the standard library, as `docs/explanation/audit.md`
says; and a record of the first release, whose hash must never change."""

import hashlib
import hmac
import json
from itertools import pairwise

import sqlalchemy as sa

from kapell.audit.encoding import compute_commitment, compute_record_hash, digest_statement, encode_private
from kapell.audit.model import PublicPart


def write_json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_tree(leaves):
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hashlib.sha256(b"\1" + hash_tree(leaves[:middle]) + hash_tree(leaves[middle:])).digest()


def test_a_second_implementation_computes_the_same(log, database, make):
    texts = ["plain", 'quotes " and \\', "line\nbreak\t\x01\x7f", "Ünïcödé 😀 \u2028"]
    log.record([make.entry(n, reason=text, details={"b": [1, 2.5, None], "a": text}) for n, text in enumerate(texts)])
    log.redact(2, make.ann, "asked for")
    head = log.make_head()
    previous, hashes = bytes(32), []
    for number in range(1, 6):
        record = log.get_record(number)
        said = {
            "action": record.action,
            "actor_id": record.actor_id,
            "at": f"{record.at:%Y-%m-%dT%H:%M:%S.%f}Z",
            "decision": record.decision,
            "namespace": record.namespace,
            "number": number,
            "redacts": record.redacts,
            "target": record.target,
        }
        with database.read() as connection:
            statement = sa.text("SELECT commitment FROM audit_records WHERE number = :number")
            commitment = connection.execute(statement, {"number": number}).scalar_one()
            statement = sa.text("SELECT salt FROM audit_private WHERE number = :number")
            salt = connection.execute(statement, {"number": number}).scalar()
        if number != 2:
            part = {name: getattr(record.private, name) for name in ("actor_name", "details", "origin", "reason")}
            assert hmac.digest(salt, write_json(part), "sha256") == commitment
        public = write_json({name: value for name, value in said.items() if value is not None})
        previous = hashlib.sha256(b"kapell.audit.record.1\0" + previous + commitment + public).digest()
        assert previous.hex() == record.hash
        hashes.append(previous)
    assert hash_tree(hashes).hex() == head.statement.root


def test_hashes_of_the_first_release_stay_as_they_are(make):
    body = encode_private(make.entry(7, reason="why", details={"z": 1, "a": [True, None, 1.5]}))
    commitment = compute_commitment(bytes(range(32)), body)
    public = PublicPart(
        action="workflow.publish",
        actor_id="u-1",
        after_digest="ab",
        at="2026-01-31T12:00:00.000000Z",
        decision="allowed",
        namespace="shop",
        number=7,
        redacts=3,
        target="workflow/shop/order@1.0.7",
    )
    assert body == (
        b'{"actor_name":"Ann Example","details":{"a":[true,null,1.5],"z":1},"origin":"192.0.2.1","reason":"why"}'
    )
    assert commitment.hex() == "fdc4685c8048030230c5280d6fc072fd8f8954734a095e834a000342c6010981"
    assert (
        compute_record_hash(bytes(32), commitment, public).hex()
        == "dddbe781ff0c353f719bc83fd0e97e60992a7bd364e22db7b6b4d4208f2970c1"
    )


def test_heads_are_chained_by_the_digest_of_what_was_signed(log, make):
    heads = []
    for number in range(3):
        log.record([make.entry(number)])
        heads.append(log.make_head())
    assert heads[0].statement.previous == "0" * 64
    for before, head in pairwise(heads):
        assert head.statement.previous == digest_statement(before.statement).hex()
