"""The server's certificate: until when it is good, and a word in time before it is not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509

from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kapell.clock import Clock

log = get_logger(__name__)

_NEAR = timedelta(days=21)
_AGAIN = timedelta(days=1)


class Certificate:
    """The certificate in use, if there is one.

    Attributes:
        expires_at: Until when it is good; `None` without one, or where it cannot be read.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        """Look at a file with a certificate chain, whose first is the server's."""
        self._path = path
        self._clock = clock
        self._told_at: datetime | None = None
        self.expires_at: datetime | None = None
        self.read()

    def read(self) -> None:
        """Look at the file again: it has changed."""
        self._told_at = None
        if self._path is None:
            return
        try:
            first = x509.load_pem_x509_certificates(self._path.read_bytes())[0]
        except (OSError, ValueError) as error:
            log.warning("certificate_unreadable", path=str(self._path), message=str(error))
        else:
            self.expires_at = first.not_valid_after_utc

    def warn_in_time(self) -> None:
        """Log, once a day, that the certificate expires soon, or has expired."""
        now = self._clock.now()
        if self.expires_at is None or self.expires_at - now > _NEAR:
            return
        if self._told_at is None or now - self._told_at >= _AGAIN:
            self._told_at = now
            days = (self.expires_at - now) / timedelta(days=1)
            log.warning("certificate_expires", expires_at=self.expires_at.isoformat(), days_left=round(days, 1))
