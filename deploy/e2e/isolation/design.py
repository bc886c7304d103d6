"""Asks the catalogue whether every table is guarded as designed. Each sentence is one thing that is wrong."""

from collections.abc import Iterator

import psycopg

from deploy.e2e.isolation.catalogue import Catalogue
from deploy.e2e.isolation.reasons import (
    PLATFORM_ONLY,
    REFERENCES_TO_SHARED,
    SHARED,
    UNIQUE_TO_ALL,
    WIDER,
    reason,
)
from libs.common.db.tenancy import POLICY, isolation_ddl


def design(connection: psycopg.Connection, catalogue: Catalogue, schema: str) -> Iterator[str]:
    """Is every table guarded as designed? Asked of the catalogue as the administrator."""
    rule = _rule(connection)
    for table in catalogue.of(schema):
        if table.kind != "r":
            yield f"{table} is no plain table: views and foreign tables pass policies by"
            continue
        known = reason(SHARED, table) or reason(PLATFORM_ONLY, table)
        if not table.has_tenant and known is None:
            yield f"{table} has no tenant_id: give it one, or a reason in SHARED"
        guarded = table.has_tenant or reason(PLATFORM_ONLY, table) or table.policies
        if guarded and not (table.is_enabled and table.is_forced):
            yield f"{table} has no row-level security that is enabled and forced"
        if table.has_tenant:
            plain = [p for p in table.policies if p.name == POLICY]
            if [(p.widens, p.roles, p.command, p.using, p.checks) for p in plain] != [
                (True, "{public}", "ALL", *rule)
            ]:
                yield f"{table} has not the one policy that isolates tenants"
            for policy in table.policies:
                if policy.name != POLICY and policy.widens and (str(table), policy.name) not in WIDER:
                    yield f"{table} has a policy {policy.name} that shows more: give a reason in WIDER"
        for key in table.keys:
            columns = ",".join(sorted(key.columns, key=[c.name for c in table.columns].index))
            is_wide = "tenant_id" not in key.columns and (table.has_tenant or not known)
            if is_wide and not reason(UNIQUE_TO_ALL, table, columns):
                yield f"{key.name} of {table} is not unique within a tenant: name {columns} in UNIQUE_TO_ALL"
        for reference in table.references:
            pairs = list(zip(reference.columns, reference.to_columns, strict=True))
            is_wide = table.has_tenant and ("tenant_id", "tenant_id") not in pairs
            if is_wide and reference.name not in REFERENCES_TO_SHARED:
                yield f"{reference.name} of {table} refers to rows of any tenant"


def _rule(connection: psycopg.Connection) -> tuple[str, str]:
    """How the database spells the rule that `isolation_ddl` makes."""
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE SCHEMA isolation_example")
        connection.execute("CREATE TABLE isolation_example.rows (tenant_id uuid)")
        for statement in isolation_ddl("isolation_example", "rows"):
            connection.execute(statement)
        found = connection.execute(
            "SELECT qual, with_check FROM pg_policies WHERE schemaname = 'isolation_example'"
        ).fetchone()
    assert found is not None
    return found[0], found[1]
