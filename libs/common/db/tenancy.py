"""Tenant isolation in the database: row-level security that the runtime role cannot step around.

Every table with a `tenant_id` has `ENABLE` and `FORCE ROW LEVEL SECURITY` and one policy. The setting it reads is
local to the transaction, so nothing survives in a pooled connection. Background work that spans tenants
(relays, consumers, sweeps) says so with the platform scope, which no request of a tenant ever gets.
"""

from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncSession

POLICY = "tenant_isolation"

_RULE = (
    "tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid "
    "OR current_setting('app.scope', true) = 'platform'"
)
_SET = text("SELECT set_config('app.tenant_id', :tenant, true), set_config('app.scope', :scope, true)")


def isolation_ddl(schema: str, table: str) -> list[str]:
    """The statements that isolate one table by tenant."""
    name = f'"{schema}"."{table}"'
    return [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {POLICY} ON {name} USING ({_RULE}) WITH CHECK ({_RULE})",
    ]


def is_isolated(table: Table) -> bool:
    """Whether a table holds rows of tenants and so must be isolated."""
    return "tenant_id" in table.columns


async def enter_scope(session: AsyncSession, tenant_id: UUID | None, *, platform: bool = False) -> None:
    """Say, for the rest of the transaction, whose rows may be seen and written."""
    await session.execute(
        _SET, {"tenant": str(tenant_id) if tenant_id else "", "scope": "platform" if platform else ""}
    )
