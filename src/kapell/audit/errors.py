"""What can be wrong with the log itself."""

from __future__ import annotations

from kapell.errors import KapellError


class AuditDamagedError(KapellError):
    """The audit log was changed from outside, so nothing is added to it: that would cover up what happened."""

    code = "audit_damaged"


class AuditKeyError(KapellError):
    """The key that signs the audit log is missing, or is not the one that the database knows."""

    code = "audit_key"


class WitnessError(KapellError):
    """A witness did not take a head; it is sent again later."""

    code = "audit_witness"
    retryable = True
