"""The invariants that no service can check alone, read as the administrator of the common database.

Each query counts breaches; a figure says what was looked at.
"""

from collections.abc import Sequence

import psycopg

from deploy.verify.queries import QUERIES
from libs.common.privacy.fields import INFRASTRUCTURE
from libs.common.runtime.service import Service
from libs.common.runtime.verify import Finding
from libs.common.settings import CommonSettings

EXAMPLES = 3


async def check(common: CommonSettings, services: Sequence[Service]) -> list[tuple[str, Finding]]:
    """Every check with its finding. All schemas must be in the one database of DATABASE_URL."""
    async with await psycopg.AsyncConnection.connect(common.database_url, autocommit=False) as connection:
        await connection.set_read_only(True)
        await connection.execute("SELECT set_config('app.scope', 'platform', true)")
        found = [
            (name, await _count(connection, looked_at, breaches)) for name, looked_at, breaches in QUERIES
        ]
        return [
            *found,
            ("nothing is left of erased businesses", await _left(connection, services)),
            ("events x subscriptions = inbox rows", await _inbox(connection, services)),
        ]


async def _count(connection: psycopg.AsyncConnection, looked_at: str, breaches: str) -> Finding:
    total = await (await connection.execute(looked_at)).fetchone()  # type: ignore[arg-type]
    rows = await (await connection.execute(breaches)).fetchall()  # type: ignore[arg-type]
    figure = str(total[0]) if total else "0"
    return Finding(figure, len(rows), tuple(" ".join(str(v) for v in row) for row in rows[:EXAMPLES]))


async def _left(connection: psycopg.AsyncConnection, services: Sequence[Service]) -> Finding:
    """Of businesses whose data were erased there are rows in those tables alone that stay, and of people's accounts."""
    rows: list[str] = []
    tables = 0
    for service in services:
        known = {**INFRASTRUCTURE, **service.privacy}
        for table in service.metadata.sorted_tables:
            of = known[table.name]
            if "tenant_id" not in table.columns or of.stays:
                continue
            tables += 1
            own = f"AND t.{of.of_person} IS NULL" if of.of_person else ""
            found = await connection.execute(
                f"SELECT t.tenant_id::text FROM identity.tenants e JOIN {table.fullname} t ON t.tenant_id = e.id "  # type: ignore[arg-type]
                f"WHERE e.erased_at IS NOT NULL {own}"
            )
            rows += [f"{table.fullname} {row[0]}" for row in await found.fetchall()]
    total = await (
        await connection.execute("SELECT count(*) FROM identity.tenants WHERE erased_at IS NOT NULL")
    ).fetchone()
    figure = f"{total[0] if total else 0} erased businesses, {tables} tables"
    return Finding(figure, len(rows), tuple(rows[:EXAMPLES]))


async def _inbox(connection: psycopg.AsyncConnection, services: Sequence[Service]) -> Finding:
    """Every published or pending event has one inbox row for each subscription to it, and no dead letter.

    The rows of those that a subscription replaces stand for its own. One that the last release did not have is due
    what was emitted since the first that it handled.
    """
    names = [service.name for service in services]
    union = " UNION ALL ".join(f'SELECT event_id, type FROM "{name}".outbox' for name in names)
    expected = handled = missing = 0
    examples: list[str] = []
    for service in services:
        for subscription in service.subscriptions:
            takes = "TRUE" if not subscription.events else "e.type = ANY(%(types)s)"
            row = await (
                await connection.execute(
                    f"SELECT count(*), count(*) FILTER (WHERE had), (array_agg(name) FILTER (WHERE NOT had))[1:{EXAMPLES}] "  # type: ignore[arg-type]
                    "FROM (SELECT e.type || ' ' || e.event_id AS name, "
                    "i.event_id IS NOT NULL OR cardinality(%(replaced)s::text[]) > 0 AND cardinality(%(replaced)s) = "
                    f'(SELECT count(*) FROM "{service.name}".inbox AS older '
                    "WHERE older.event_id = e.event_id AND older.handler = ANY(%(replaced)s)) AS had "
                    f"FROM ({union}) e "
                    f'LEFT JOIN "{service.name}".inbox i ON i.event_id = e.event_id AND i.handler = %(handler)s '
                    f"WHERE {takes} AND (NOT %(is_new)s OR e.event_id >= (SELECT event_id "
                    f'FROM "{service.name}".inbox WHERE handler = %(handler)s ORDER BY event_id LIMIT 1))) AS due',
                    {
                        "handler": subscription.name,
                        "types": list(subscription.patterns),
                        "replaced": list(subscription.replaces),
                        "is_new": subscription.is_new,
                    },
                )
            ).fetchone()
            if row is None:
                continue
            expected += row[0]
            handled += row[1]
            missing += row[0] - row[1]
            examples += [f"{subscription.name} has not had {what}" for what in row[2] or ()]
    dead = 0
    for name in names:
        row = await (
            await connection.execute(f'SELECT count(*) FROM "{name}".dead_letters WHERE resolved_at IS NULL')  # type: ignore[arg-type]
        ).fetchone()
        dead += row[0] if row else 0
    figure = f"{expected} due, {handled} handled, {dead} dead"
    return Finding(figure, missing + dead, tuple(examples[:EXAMPLES]))
