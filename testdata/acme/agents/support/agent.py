"""Support: triages a tenant's new tickets and escalates the urgent ones.

    python3 agents/support/agent.py --tenant borealis --interval 1 --rounds 10
    cd agents && python3 -m support.agent
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

if not __package__:  # started by its path: agents/ is not on the import path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg2
from psycopg2.extensions import connection, cursor

from common import llm, rounds
from common.reach import reach

log = logging.getLogger(__name__)

DATABASE_URL = os.environ["DATABASE_URL"]

NEW_TICKETS = """
    SELECT id, subject, body, priority FROM tickets
    WHERE tenant = %s AND status = 'new'
    ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED
"""
DOCUMENTS = "SELECT title, body FROM documents WHERE tenant = %s ORDER BY id LIMIT 100"
TRIAGED = "UPDATE tickets SET status = 'triaged', summary = %s, updated_at = now() WHERE id = %s AND tenant = %s"
ESCALATE = """
    INSERT INTO tickets (tenant, parent_id, subject, body, status, priority)
    VALUES (%s, %s, %s, %s, 'escalated', 'urgent')
"""


class RoundFailed(Exception):
    """The database did not do its part. The text holds no credential."""


def relevant(question: str, documents: list[tuple[str, str]]) -> list[str]:
    """The documents that share a long word with the question."""
    words = {word for word in question.lower().split() if len(word) > 5}
    return [body for title, body in documents if words & set((title + " " + body).lower().split())]


def triage(rows: cursor, tenant: str) -> rounds.Round:
    rows.execute(DOCUMENTS, (tenant,))
    documents = rows.fetchall()
    rows.execute(NEW_TICKETS, (tenant,))
    tickets = rows.fetchall()
    for number, subject, body, priority in tickets:
        summary = llm.summarise([body, *relevant(subject + " " + body, documents)])
        rows.execute(TRIAGED, (summary, number, tenant))
        if priority == "urgent":
            rows.execute(ESCALATE, (tenant, number, "Escalation: " + subject, summary))
    user, tenants = reach(rows)
    return rounds.Round(
        rows=len(tickets) + len(documents),
        tenants_seen=tenants,
        db_user=user,
        notes={"triaged": len(tickets)},
    )


def main() -> int:
    settings = rounds.options("Triages the new tickets of a tenant.")
    stop = rounds.stop_on_signal()
    session: connection | None = None

    def work() -> rounds.Round:
        nonlocal session
        try:
            if session is None or session.closed:
                session = psycopg2.connect(DATABASE_URL, application_name="support", connect_timeout=5)
            with session, session.cursor() as rows:
                return triage(rows, settings.tenant)
        except psycopg2.Error as error:
            raise RoundFailed(type(error).__name__) from None

    try:
        return rounds.run("support", settings, stop, work, failure=RoundFailed)
    finally:
        if session is not None:
            session.close()


if __name__ == "__main__":
    sys.exit(main())
