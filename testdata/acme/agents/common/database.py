"""One database session for an agent, reopened when it is lost.

The credential is asked for at each use and never kept in a global: it may be
replaced while the agent runs. No message of libpq is ever logged, because it can
quote parts of a malformed URL; what is logged is the kind of the error.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection, cursor

log = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 5
FIRST_PAUSE = 0.2  # seconds; doubled after each failed attempt

# A session that the server ended, a login that it refused, a role that lost its
# rights while its session was being ended, a file that is being replaced.
RETRIED = (
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    psycopg2.errors.InsufficientPrivilege,
    OSError,
)


class DatabaseUnavailable(Exception):
    """No attempt succeeded. The text holds no credential."""


class Database:
    """Runs transactions in one session. Not for use by several threads."""

    def __init__(self, application: str, stop: threading.Event | None = None) -> None:
        self._application = application
        self._stop = stop or threading.Event()
        self._session: connection | None = None
        self._opened_with = ""

    def run(self, work: Callable[[cursor], T]) -> T:
        """Calls work in a transaction and returns its result.

        A lost session or a refused login is tried again with the credential of
        that moment, so work must bear being called more than once.
        """
        pause = FIRST_PAUSE
        reason = "stopped"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                session = self._connect()
                with session, session.cursor() as rows:
                    return work(rows)
            except RETRIED as error:
                reason = _kind(error)
                log.warning("attempt %d of %d: %s", attempt, ATTEMPTS, reason)
                self.close()
            if attempt < ATTEMPTS and self._stop.wait(pause):
                break
            pause *= 2
        raise DatabaseUnavailable(reason)

    def close(self) -> None:
        """Ends the session. The next run opens another one."""
        session, self._session, self._opened_with = self._session, None, ""
        if session is not None:
            try:
                session.close()
            except psycopg2.Error:
                pass  # it was lost already

    def _dsn(self) -> str:
        """The credential as it is now: from a file if there is one."""
        path = os.environ.get("DATABASE_URL_FILE")
        if path:
            return Path(path).read_text(encoding="utf-8").strip()
        return os.environ["DATABASE_URL"]

    def _connect(self) -> connection:
        dsn = self._dsn()
        if self._session is not None and (self._session.closed or dsn != self._opened_with):
            self.close()
        if self._session is None:
            try:
                self._session = psycopg2.connect(
                    dsn,
                    application_name=self._application,
                    connect_timeout=5,
                    options="-c statement_timeout=10s -c idle_in_transaction_session_timeout=30s",
                )
            except psycopg2.ProgrammingError:
                # Not a URL. The cause is cut off: its text quotes what was read.
                raise psycopg2.OperationalError("the credential is not a connection URL") from None
            self._opened_with = dsn
            log.info("session opened")
        return self._session


def _kind(error: Exception) -> str:
    """Says what went wrong without the words of libpq."""
    code = getattr(error, "pgcode", None)
    return type(error).__name__ + (f" (SQLSTATE {code})" if code else "")
