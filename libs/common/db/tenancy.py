"""Tenant isolation in the database: row-level security that the runtime role cannot step around.

Every table with a `tenant_id` has `ENABLE` and `FORCE ROW LEVEL SECURITY` and one policy. The setting it reads is
local to the transaction, so nothing survives in a pooled connection. Background work that spans tenants
(relays, consumers, sweeps) says so with the platform scope, which no request of a tenant ever gets.
"""

from uuid import UUID

from sqlalchemy import Table

from libs.common.db.exchange import Message

POLICY = "tenant_isolation"

_RULE = (
    "tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid "
    "OR current_setting('app.scope', true) = 'platform'"
)
_SET = "SELECT set_config('app.tenant_id', %(tenant)s, true), set_config('app.scope', %(scope)s, true)"
# What runs outside of a session is planned once: it names its rows by keys, and planning would cost most of it.
_OPEN = f"{_SET}, set_config('plan_cache_mode', 'force_generic_plan', true)"
_OPEN_READING = f"{_OPEN}, set_config('transaction_read_only', 'on', true)"


class Scope:
    """Whose rows a unit of work reaches; every transaction of it begins with it."""

    __slots__ = ("is_platform", "tenant_id")

    def __init__(self, tenant_id: UUID | None = None, *, is_platform: bool = False) -> None:
        self.tenant_id = tenant_id
        self.is_platform = is_platform

    def settings(self) -> list[tuple[str, str]]:
        """The settings, local to a transaction, by which row-level security knows the scope.

        One that is not named here is empty: the last transaction's were local to it.
        """
        settings = []
        if self.tenant_id is not None:
            settings.append(("app.tenant_id", str(UUID(str(self.tenant_id)))))
        if self.is_platform:
            settings.append(("app.scope", "platform"))
        return settings

    def opening(self) -> str:
        """The statements that begin a transaction in this scope, sent in one round trip."""
        # Only a UUID and a word of ours get here, so there is nothing to escape.
        return "; ".join(["BEGIN", *(f"SET LOCAL {name} = '{value}'" for name, value in self.settings())])

    def opening_messages(self) -> list[Message]:
        """What begins a transaction in this scope, where no session takes part."""
        return [Message("BEGIN"), Message(_OPEN, self._values())]

    def reading_message(self) -> Message:
        """What lets the statements sent with it be in this scope, and only read."""
        return Message(_OPEN_READING, self._values())

    def message(self) -> Message:
        """What sets it for the rest of a running transaction."""
        return Message(_SET, self._values())

    def _values(self) -> dict[str, str]:
        tenant = "" if self.tenant_id is None else str(self.tenant_id)
        return {"tenant": tenant, "scope": "platform" if self.is_platform else ""}


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
