"""The exceptions that Kapell raises on purpose, and what each of them teaches.

Every error says what happened, whose fault it is, whether a retry can help and what to do next. Exit codes and HTTP
statuses are translations of these at the edge; nothing below the edge knows about them.
"""

from __future__ import annotations


class KapellError(Exception):
    """The root of every error that Kapell raises on purpose.

    Attributes:
        message: What happened, in one sentence.
        hint: What to do next, or an empty string where there is nothing to advise.
        code: A stable name of the kind of error, for programs; each class has its own.
        retryable: Whether the same call may succeed later without a change.
        request_id: Under which id a server's log has it; empty where no server was asked.
    """

    code: str = "error"
    retryable: bool = False
    request_id: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the sentence and the advice apart, so that each edge can lay them out as it likes."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Give the sentence, followed by the advice where there is any."""
        return f"{self.message} {self.hint}" if self.hint else self.message


class NotFoundError(KapellError):
    """The thing that was named does not exist."""

    code = "not_found"


class ConflictError(KapellError):
    """The command does not fit the state that the thing is in; nothing was changed."""

    code = "conflict"


class UsageError(KapellError):
    """The caller's input cannot be used as it is: a file, an argument, a setting."""

    code = "usage"


class UnauthenticatedError(KapellError):
    """Nobody knows who is calling: no sign-in, a wrong or expired one, or an account that is disabled.

    The sentence never says which of them, so that it tells a stranger nothing.
    """

    code = "unauthenticated"


class ForbiddenError(KapellError):
    """The caller is known and may not do this; the sentence names the permission that is missing.

    Attributes:
        permission: The permission that is missing, or an empty string where no single one would help.
    """

    code = "forbidden"

    def __init__(self, message: str, *, permission: str = "", hint: str = "") -> None:
        """Keep the name of the permission, for programs."""
        super().__init__(message, hint=hint)
        self.permission = permission


class TooManyAttemptsError(KapellError):
    """The caller must wait before the next try.

    Attributes:
        retry_after_seconds: How long, at least.
    """

    code = "too_many_attempts"
    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float, hint: str = "") -> None:
        """Keep the time to wait, for programs."""
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class StaleOwnerError(KapellError):
    """Another process has taken over the runs; what this one wanted to write was refused."""

    code = "stale_owner"


class DamagedHistoryError(KapellError):
    """A stored row of a run's history does not match its checksum or cannot be decoded."""

    code = "damaged_history"


class StorageError(KapellError):
    """The database refused a write or a read: disk full, locked, not writable."""

    code = "storage"
    retryable = True


class LimitExceededError(KapellError):
    """A limit of the installation was reached: size of a payload, number of tasks, depth of a document."""

    code = "limit_exceeded"
