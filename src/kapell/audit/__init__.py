"""Who did what to what, when, from where and with which leave: a log that anyone can check.

How its pieces hang together, from the inside out: a record's *commitment* stands for what may be personal and can be
erased; its *hash* binds it to all records before it (`encoding`); a *head* binds the records up to a number in a
Merkle tree (`merkle`) and is signed (`keys`); a *witness* keeps heads where the owner of the database has no hand
(`witnesses`).
"""

from __future__ import annotations

from kapell.audit.model import Actor, AuditEntry
from kapell.audit.service import AuditLog

__all__ = ["Actor", "AuditEntry", "AuditLog"]
