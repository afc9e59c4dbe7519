"""Researcher: reads a tenant's tickets and documents and sums up what is new.

    python3 agents/researcher/agent.py --tenant aurora --interval 1 --rounds 10
    cd agents && python3 -m researcher.agent
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # started by its path: agents/ is not on the import path yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from psycopg2.extensions import cursor

from common import llm, rounds
from common.database import Database, DatabaseUnavailable
from common.reach import reach

OPEN_TICKETS = """
    SELECT subject, body FROM tickets
    WHERE tenant = %s AND status <> 'closed'
    ORDER BY id LIMIT 100
"""
DOCUMENTS = """
    SELECT title, body FROM documents
    WHERE tenant = %s
    ORDER BY updated_at DESC, id LIMIT 100
"""


def research(rows: cursor, tenant: str) -> rounds.Round:
    rows.execute(OPEN_TICKETS, (tenant,))
    tickets = rows.fetchall()
    rows.execute(DOCUMENTS, (tenant,))
    documents = rows.fetchall()
    user, tenants = reach(rows)
    summary = llm.summarise([body for _, body in tickets + documents])
    return rounds.Round(
        rows=len(tickets) + len(documents),
        tenants_seen=tenants,
        db_user=user,
        notes={"summary_words": len(summary.split())},
    )


def main() -> int:
    settings = rounds.options("Sums up what is new for a tenant.")
    stop = rounds.stop_on_signal()
    database = Database("researcher", stop)
    try:
        return rounds.run(
            "researcher", settings, stop,
            lambda: database.run(lambda rows: research(rows, settings.tenant)),
            failure=DatabaseUnavailable,
        )
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
