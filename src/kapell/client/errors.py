"""What can go wrong between a client and a server, beside the errors that the server itself raises."""

from __future__ import annotations

from kapell.errors import KapellError


class UnreachableError(KapellError):
    """The server cannot be reached, or the connection to it broke.

    Attributes:
        was_sent: Whether the request may have arrived.
    """

    code = "unreachable"
    retryable = True

    def __init__(self, message: str, *, was_sent: bool = False, hint: str = "") -> None:
        """Keep whether the request may have arrived."""
        super().__init__(message, hint=hint)
        self.was_sent = was_sent


class UntrustedServerError(KapellError):
    """The server's certificate is not trusted, so nothing was sent."""

    code = "untrusted_server"


class UnexpectedAnswerError(KapellError):
    """What answered does not speak Kapell's language: a proxy, another server, a Kapell of another age.

    Attributes:
        status: The HTTP status of the answer.
    """

    code = "unexpected_answer"

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        """Keep the status."""
        super().__init__(message, hint=hint)
        self.status = status


class WaitTimeoutError(KapellError, TimeoutError):
    """What was waited for has not come to be in time; it may still."""

    code = "wait_timeout"
    retryable = True
