# Long because the tricks of a forger stand side by side, each a few lines.
"""What a forger can do who owns the database of an audit log.

She can put anything into any table, drop constraints, recompute every hash and root, and sign with a key of her own.
She has not got the signing key.
"""

import sqlalchemy as sa

from kapell.audit import encoding
from kapell.audit.keys import Signer
from kapell.audit.merkle import Frontier
from kapell.audit.model import HeadStatement, Introduction, PublicPart, TailStatement
from kapell.storage.tables.audit import audit_heads, audit_keys, audit_private, audit_records, audit_tail

TABLES = {
    table.name: sa.table(table.name, *(sa.column(column.name) for column in table.columns))
    for table in (audit_keys, audit_records, audit_private, audit_heads, audit_tail)
}
MICROSECOND = encoding.read_moment("1970-01-01T00:00:00.000001Z") - encoding.read_moment("1970-01-01T00:00:00Z")
EPOCH = encoding.read_moment("1970-01-01T00:00:00Z")


class Forger:
    """All rows of a log in memory, to be changed and written back."""

    def __init__(self, connection, rng):
        self.rng = rng
        self.rows = {
            name: [dict(row._mapping) for row in connection.execute(sa.select(table))] for name, table in TABLES.items()
        }
        for name in ("audit_records", "audit_heads", "audit_keys", "audit_private"):
            self.rows[name].sort(key=lambda row: row["number"])

    @property
    def records(self):
        return self.rows["audit_records"]

    @property
    def heads(self):
        return self.rows["audit_heads"]

    @property
    def tail(self):
        return self.rows["audit_tail"][0]

    def write(self, connection):
        for name, table in reversed(TABLES.items()):
            if connection.dialect.name == "sqlite":  # without any constraint
                connection.exec_driver_sql(f"DROP TABLE {name}")
                connection.exec_driver_sql(f"CREATE TABLE {name} ({', '.join(table.c.keys())})")
            else:
                connection.execute(sa.delete(table))
        for name, table in TABLES.items():
            if self.rows[name]:
                connection.execute(sa.insert(table), self.rows[name])

    def reveal(self, number):
        return next((row for row in self.rows["audit_private"] if row["number"] == number), None)

    def choose(self, name="audit_records"):
        return self.rng.choice(self.rows[name])

    def rehash(self, row, previous):
        said = {name: row[name] for name in PublicPart.__struct_fields__}
        said["at"] = encoding.write_moment(EPOCH + row["at"] * MICROSECOND)
        row["previous"] = previous
        row["hash"] = encoding.compute_record_hash(previous, row["commitment"], PublicPart(**said))

    def rechain(self, start=0):
        """Number the records anew from an index, with what hangs on their numbers, and recompute their hashes."""
        renamed = {row["number"]: place for place, row in enumerate(self.records, 1)}
        for row in self.rows["audit_private"]:
            row["number"] = renamed.get(row["number"], row["number"])
        for index, row in enumerate(self.records):
            row["number"] = index + 1
            if row["redacts"] is not None:
                row["redacts"] = renamed.get(row["redacts"], row["redacts"])
            if index >= start:
                self.rehash(row, self.records[index - 1]["hash"] if index else bytes(32))
        self.tail["number"], self.tail["hash"] = len(self.records), self.records[-1]["hash"]

    def reroot(self, sign=None):
        """Make the heads fit the records; sign them where `sign` gives a signature."""
        previous, self.rows["audit_heads"] = bytes(32), [row for row in self.heads if row["size"] <= len(self.records)]
        keys = {row["key_id"]: row["public_key"] for row in self.rows["audit_keys"]}
        for row in self.heads:
            frontier = Frontier()
            for record in self.records[: row["size"]]:
                frontier.add(record["hash"])
            if sign is not None:
                row["key_id"] = sign.key_id
            row |= {"root": frontier.compute_root(), "peaks": frontier.encode_peaks(), "previous": previous}
            said = HeadStatement(
                at=encoding.write_moment(EPOCH + row["at"] * MICROSECOND),
                key_id=row["key_id"],
                number=row["number"],
                previous=previous.hex(),
                public_key=keys[row["key_id"]].hex(),
                root=row["root"].hex(),
                size=row["size"],
            )
            if sign is not None:
                row["signature"] = sign.sign(encoding.encode_statement(said))
            previous = encoding.digest_statement(said)

    def sign_tail(self, signer):
        said = TailStatement(hash=self.tail["hash"].hex(), key_id=signer.key_id, number=self.tail["number"])
        self.tail["key_id"], self.tail["signature"] = signer.key_id, signer.sign(encoding.encode_statement(said))

    def add_key(self, signer, *, alone):
        """Bring in a key of the forger's, in the place of all others or as if it followed the last one."""
        keys = [] if alone else self.rows["audit_keys"]
        said = Introduction(
            at="2026-01-31T12:00:00.000000Z",
            is_endorsed=not alone,
            key_id=signer.key_id,
            number=len(keys) + 1,
            predecessor=keys[-1]["key_id"] if keys else "",
            public_key=signer.public_key.hex(),
        )
        statement = encoding.encode_statement(said)
        row = {
            "number": said.number,
            "key_id": said.key_id,
            "public_key": signer.public_key,
            "introduced_at": (encoding.read_moment(said.at) - EPOCH) // MICROSECOND,
            "predecessor": said.predecessor,
            "is_endorsed": said.is_endorsed,
            "signature": signer.sign(statement),
            "endorsement": b"" if alone else signer.sign(statement),
        }
        self.rows["audit_keys"] = [*keys, row]


def change_value(rng, value, column):
    """Return another value than the one that a column holds."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([1, 1000, 10**6])
    if isinstance(value, bytes):
        at = rng.randrange(len(value)) if value else 0
        kept = 32 if column in {"salt", "hash", "previous", "commitment"} else None
        others = [value[:at] + bytes([value[at] ^ 1 << rng.randrange(8)]) + value[at + 1 :]] if value else [b"x"]
        return rng.choice([*others, rng.randbytes(kept or max(len(value), 1))])
    if isinstance(value, str):
        return rng.choice([f"{value} ", value.upper() + "X", "other", value[:-1]]) if value else "other"
    return {"redacts": 1, "namespace": "elsewhere"}.get(column, "other")


def edit_column(name, column):
    def edit(forger):
        row = forger.choose(name)
        row[column] = change_value(forger.rng, row[column], column)
        if name == "audit_tail" and column == "one":
            row[column] = 2

    return edit


def empty_column(forger):
    name, column = forger.rng.choice(
        [("audit_records", "namespace"), ("audit_records", "before_digest"), ("audit_records", "redacts")]
    )
    row = forger.rng.choice([row for row in forger.rows[name] if row[column] is not None])
    row[column] = None


def double_row(name):
    def double(forger):
        row = dict(forger.choose(name))
        column = forger.rng.choice(sorted(set(row) - {"number", "one"}))
        row[column] = change_value(forger.rng, row[column], column)
        forger.rows[name].insert(forger.rng.choice([0, len(forger.rows[name])]), row)

    return double


def delete_row(name):
    def delete(forger):
        forger.rows[name].remove(forger.choose(name))

    return delete


def delete_record_and_private(forger):
    row = forger.choose()
    forger.records.remove(row)
    forger.rows["audit_private"] = [other for other in forger.rows["audit_private"] if other["number"] != row["number"]]


def delete_all(forger):
    for name in ("audit_records", "audit_private", "audit_heads"):
        forger.rows[name].clear()
    forger.rows["audit_tail"][0] = {"one": 1, "number": 0, "hash": bytes(32), "key_id": "", "signature": b""}


def copy_record(forger, **changes):
    return forger.choose() | {"number": len(forger.records) + 1, "redacts": None} | changes


def append_copy(forger):
    forger.records.append(copy_record(forger))


def append_in_chain(forger):
    row, private = copy_record(forger, actor_id="u-9"), {"salt": bytes(32), "body": b"{}"}
    row["commitment"] = encoding.compute_commitment(private["salt"], private["body"])
    forger.rehash(row, forger.records[-1]["hash"])
    forger.records.append(row)
    forger.rows["audit_private"].append(private | {"number": row["number"]})
    if forger.rng.random() < 0.5:
        forger.tail["number"], forger.tail["hash"] = row["number"], row["hash"]


def restore_redacted(forger):
    number = forger.rng.choice([17, 120])
    forger.rows["audit_private"].append({"number": number, "salt": bytes(32), "body": b"{}"})


def add_private_of_nothing(forger):
    forger.rows["audit_private"].append({"number": 10_000, "salt": bytes(32), "body": b"{}"})


def insert_head(forger):
    row = dict(forger.choose("audit_heads"))
    row |= {"number": len(forger.heads) + 1, "size": row["size"] + 1}
    if all(other["size"] != row["size"] for other in forger.heads):
        forger.heads.append(row)


def insert_key(forger):
    forger.add_key(Signer.generate(), alone=False)


def swap_numbers(forger):
    one, other = forger.rng.sample(forger.records, 2)
    if forger.rng.random() < 0.5:
        for row in forger.rows["audit_private"]:
            pair = {one["number"]: other["number"], other["number"]: one["number"]}
            row["number"] = pair.get(row["number"], row["number"])
    one["number"], other["number"] = other["number"], one["number"]


def swap_heads(forger):
    one, other = forger.rng.sample(forger.heads, 2)
    one["number"], other["number"] = other["number"], one["number"]


def swap_private(forger):
    one, other = forger.rng.sample(forger.rows["audit_private"], 2)
    one["number"], other["number"] = other["number"], one["number"]


def renumber_after_deletion(forger):
    """Close the gap, but recompute nothing."""
    index = forger.rng.randrange(len(forger.records) - 1)
    gone = forger.records.pop(index)["number"]
    rows = [row for row in forger.rows["audit_private"] if row["number"] != gone]
    forger.rows["audit_private"] = rows
    for row in [*forger.records[index:], *(row for row in rows if row["number"] > gone)]:
        row["number"] -= 1


def truncate(forger):
    keep = forger.rng.randrange(1, len(forger.records))
    del forger.records[keep:]
    forger.rows["audit_private"] = [row for row in forger.rows["audit_private"] if row["number"] <= keep]
    if forger.rng.random() < 0.7:
        forger.rows["audit_heads"] = [row for row in forger.heads if row["size"] <= keep]
    if forger.rng.random() < 0.7:
        forger.tail["number"], forger.tail["hash"] = keep, forger.records[-1]["hash"]


def change_records(forger):
    """Edit, delete, insert or reorder records, and return the index of the first one that is concerned."""
    rng, records = forger.rng, forger.records
    index = rng.randrange(len(records) - 2)
    kind = rng.choice(["edit", "edit private", "delete", "insert", "reorder"])
    if kind == "edit":
        column = rng.choice(["actor_id", "action", "target", "namespace", "after_digest", "at"])
        records[index][column] = change_value(rng, records[index][column], column)
    elif kind == "edit private":
        private = forger.reveal(records[index]["number"])
        if private is not None:
            private["body"] = b'{"actor_name":"Eve","details":{},"origin":"","reason":""}'
            records[index]["commitment"] = encoding.compute_commitment(private["salt"], private["body"])
        else:
            records[index]["actor_id"] = "u-9"
    elif kind == "delete":
        gone = records.pop(index)["number"]
        forger.rows["audit_private"] = [row for row in forger.rows["audit_private"] if row["number"] != gone]
    elif kind == "insert":
        records.insert(index, copy_record(forger, number=0, actor_id="u-9"))
        forger.rows["audit_private"].append({"number": 0, "salt": bytes(32), "body": b"{}"})
        records[index]["commitment"] = encoding.compute_commitment(bytes(32), b"{}")
    else:
        other = rng.randrange(index + 1, len(records))
        records[index], records[other] = records[other], records[index]
    return index


def rehash_one(forger):
    """Make one record whole again, and leave the rest as it is."""
    row = forger.choose()
    row["actor_id"] = "u-9"
    forger.rehash(row, row["previous"])


def rechain_from_there(forger):
    forger.rechain(change_records(forger))


def rechain_and_reroot(forger):
    forger.rechain(change_records(forger))
    forger.reroot()


def rechain_without_heads(forger):
    index = change_records(forger)
    forger.rechain(index)
    forger.rows["audit_heads"] = [row for row in forger.heads if row["size"] < index]


def resign_with_own_key(*, alone):
    def resign(forger):
        if forger.rng.random() < 0.8:
            forger.rechain(change_records(forger))
        signer = Signer.generate()
        forger.add_key(signer, alone=alone)
        if alone or forger.rng.random() < 0.5:
            forger.reroot(signer)
        forger.sign_tail(signer)

    return resign


def fork_with_own_key(forger):
    """Go on from some record in another way."""
    keep = forger.rng.randrange(1, len(forger.records))
    del forger.records[keep:]
    forger.rows["audit_private"] = [row for row in forger.rows["audit_private"] if row["number"] <= keep]
    for _ in range(forger.rng.randrange(1, 200)):
        append_in_chain(forger)
    forger.rechain(keep)
    signer = Signer.generate()
    forger.add_key(signer, alone=forger.rng.random() < 0.5)
    forger.reroot(signer if len(forger.rows["audit_keys"]) == 1 else None)
    forger.sign_tail(signer)


EDITS = {
    f"edit {name}.{column.name}": edit_column(name, column.name) for name, table in TABLES.items() for column in table.c
}
ROWS = {f"delete: {name}": delete_row(name) for name in TABLES}
ROWS |= {f"double: {name}": double_row(name) for name in TABLES}
TRICKS = [
    *[(name, trick, 6) for name, trick in EDITS.items()],
    *[(name, trick, 6) for name, trick in ROWS.items()],
    ("empty a column", empty_column, 10),
    ("delete a record with its private part", delete_record_and_private, 15),
    ("delete all", delete_all, 1),
    ("append a copy", append_copy, 6),
    ("append in the chain", append_in_chain, 15),
    ("restore what was redacted", restore_redacted, 4),
    ("add a private part of nothing", add_private_of_nothing, 1),
    ("insert a head", insert_head, 8),
    ("insert a key", insert_key, 3),
    ("swap the numbers of two records", swap_numbers, 20),
    ("swap two heads", swap_heads, 10),
    ("swap two private parts", swap_private, 10),
    ("delete and renumber", renumber_after_deletion, 15),
    ("truncate", truncate, 40),
    ("rehash one", rehash_one, 15),
    ("recompute the chain", rechain_from_there, 50),
    ("recompute the chain and the roots", rechain_and_reroot, 50),
    ("recompute the chain, drop the heads", rechain_without_heads, 20),
    ("sign all with an own key alone", resign_with_own_key(alone=True), 40),
    ("sign with an own key that seems to follow", resign_with_own_key(alone=False), 40),
    ("fork with an own key", fork_with_own_key, 40),
]
