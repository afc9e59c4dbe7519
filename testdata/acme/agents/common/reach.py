"""Which tenants a login can read: the agents' own check of their isolation."""

from __future__ import annotations

from psycopg2.extensions import cursor

# No WHERE clause, on purpose: what comes back is what would leak if one were
# forgotten.
REACH = """
    SELECT session_user::text, coalesce(array_agg(DISTINCT tenant ORDER BY tenant), '{}')
    FROM (SELECT tenant FROM tickets UNION SELECT tenant FROM documents) AS reach
"""


def reach(rows: cursor) -> tuple[str, list[str]]:
    """The database user of the session and every tenant whose rows it sees."""
    rows.execute(REACH)
    user, tenants = rows.fetchone() or ("", [])
    return user, tenants
