"""Tries what crosses from one tenant to another in a table, as the role of its service. Each sentence is one thing
that is wrong; none is what should come back.
"""

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
from psycopg import errors

from deploy.e2e.isolation.catalogue import Reference, Table
from deploy.e2e.isolation.reasons import PLATFORM_ONLY, REFERENCES_TO_SHARED, UNIQUE_TO_ALL, reason
from deploy.e2e.isolation.rows import Row, Side
from deploy.e2e.isolation.trying import acting, refusal, refused_insert


def rows(connection: psycopg.Connection, table: Table, own: Side, other: Side) -> Iterator[str]:
    """What a tenant gets of the other one's row in a table; connected as the table's service."""
    mine, theirs = own.rows[str(table)], other.rows[str(table)]
    with acting(connection):
        for count, text in _seen(connection, table):
            if count:
                yield f"{table} shows {count} rows to nobody's scope: {text[:120]}"
        for what in _changes(connection, table, "true"):
            yield f"{table}: without a tenant {what}"
        if not isinstance(refused_insert(connection, table, mine), errors.InsufficientPrivilege):
            yield f"{table} takes a row without a tenant in scope"
    with acting(connection, own.tenant_id, scope="platform"):
        for count, text in _seen(connection, table):
            if count < 2 or str(own.tenant_id) not in text or str(other.tenant_id) not in text:
                yield f"{table} has not the rows of both tenants, so nothing would be proven"
    with acting(connection, own.tenant_id):
        for count, text in _seen(connection, table):
            if count != 1:
                yield f"{table} shows {count} rows to a tenant that has one"
            if other.marker in text or str(other.tenant_id) in text:
                yield f"{table} shows a row of another tenant: {text[:120]}"
        found = connection.execute(
            f"SELECT count(*) FROM {table.sql} WHERE tenant_id = %s", (other.tenant_id,)
        ).fetchone()
        if found != (0,):
            yield f"{table} counts rows of another tenant"
        for what in _changes(connection, table, f"tenant_id = '{other.tenant_id}'"):
            yield f"{table}: of another tenant {what}"
        moved = refusal(connection, f"UPDATE {table.sql} SET tenant_id = %s", [other.tenant_id])
        # A trigger that keeps rows as they are comes before the policy.
        kept = errors.RaiseException | errors.RestrictViolation
        if not isinstance(moved, errors.InsufficientPrivilege | kept):
            yield f"{table} lets a row be handed to another tenant ({moved!r})"
        for row in (theirs, {**theirs, **_fresh(table)}, {**mine, "tenant_id": other.tenant_id}):
            if not isinstance(refused_insert(connection, table, row), errors.InsufficientPrivilege):
                yield f"{table} takes a row for another tenant"
        if not isinstance(refusal(connection, f"TRUNCATE {table.sql}"), errors.InsufficientPrivilege):
            yield f"{table} can be truncated"
        unguarded = f"SELECT set_config('row_security', 'off', true); SELECT * FROM {table.sql}"
        if not isinstance(_refused_script(connection, unguarded), errors.InsufficientPrivilege):
            yield f"{table} can be read with row security off"
        yield from _uniqueness(connection, table, own, other)
        for reference in table.references:
            yield from _reference(connection, table, reference, own, other)


def shared_rows(connection: psycopg.Connection, table: Table, own: Side, other: Side) -> Iterator[str]:
    """The same for a table without tenants: what is not shared with a reason shows nothing."""
    if reason(PLATFORM_ONLY, table):
        for tenant_id in (None, own.tenant_id):
            with acting(connection, tenant_id):
                for count, _ in _seen(connection, table):
                    if count:
                        yield f"{table} shows {count} rows outside of the platform scope"
                for what in _changes(connection, table, "true"):
                    yield f"{table}: outside of the platform scope {what}"
    elif str(table) == "identity.users":
        with acting(connection, own.tenant_id):
            for count, text in _seen(connection, table):
                if count != 1 or other.marker in text:
                    yield f"{table} shows people who are no members: {text[:120]}"
            theirs = f"id = '{other.rows[str(table)]['id']}'"
            for what in _changes(connection, table, theirs):
                yield f"{table}: of people who are no members {what}"
        with acting(connection):
            for count, _ in _seen(connection, table):
                if count:
                    yield f"{table} shows people without a tenant in scope"


def _seen(connection: psycopg.Connection, table: Table) -> Iterator[tuple[int, str]]:
    row = connection.execute(
        f"SELECT count(*), coalesce(string_agg(t::text, ' '), '') FROM {table.sql} t"
    ).fetchone()
    assert row is not None
    yield row[0], row[1]


def _changes(connection: psycopg.Connection, table: Table, where: str) -> Iterator[str]:
    column = table.columns[-1].name
    for verb, statement in (
        ("updates", f'UPDATE {table.sql} SET "{column}" = "{column}" WHERE {where}'),
        ("deletes", f"DELETE FROM {table.sql} WHERE {where}"),
        ("locks", f"SELECT 1 FROM {table.sql} WHERE {where} FOR UPDATE"),
    ):
        try:
            with connection.transaction(force_rollback=True):
                count = connection.execute(statement).rowcount
        except errors.InsufficientPrivilege:
            continue
        except psycopg.Error as error:
            # Whatever it is that a trigger or a key has against it, there was a row.
            yield f"{verb} rows, but for this: {error}"
        else:
            if count:
                yield f"{verb} {count} rows"


def _refused_script(connection: psycopg.Connection, script: str) -> psycopg.Error | None:
    first, second = script.split("; ")
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(first)
            connection.execute(second)
    except psycopg.Error as error:
        return error
    return None


def _fresh(table: Table) -> Row:
    linked = {name for reference in table.references for name in reference.columns}
    return {
        c.name: uuid4() for c in table.columns if c.name == "id" and c.type == "uuid" and "id" not in linked
    }


def _uniqueness(connection: psycopg.Connection, table: Table, own: Side, other: Side) -> Iterator[str]:
    """The other tenant's values, inserted as one's own: that they exist there must not show."""
    linked = {name for reference in table.references for name in reference.columns} | {"tenant_id"}
    mine, theirs = own.rows[str(table)], other.rows[str(table)]
    copy = {name: mine[name] if name in linked else theirs[name] for name in mine}
    error = refused_insert(connection, table, copy)
    if error is None:
        return
    if not isinstance(error, errors.UniqueViolation):
        yield f"{table} refuses a row with values of another tenant: {error}"
        return
    key = next(k for k in table.keys if k.name == error.diag.constraint_name)
    columns = ",".join(sorted(key.columns, key=[c.name for c in table.columns].index))
    if "tenant_id" not in key.columns and not reason(UNIQUE_TO_ALL, table, columns):
        yield f"{key.name} of {table} tells that another tenant has the same"
    if error.diag.message_detail or other.marker in str(error):
        yield f"{key.name} of {table} tells of a row: {error}"


def _reference(
    connection: psycopg.Connection, table: Table, reference: Reference, own: Side, other: Side
) -> Iterator[str]:
    """A row that refers to the other tenant's row is refused as if that row did not exist."""
    if reference.name in REFERENCES_TO_SHARED:
        return
    parent = other.rows[f"{reference.to_schema}.{reference.to_table}"]
    targets = [
        (mine, theirs)
        for mine, theirs in zip(reference.columns, reference.to_columns, strict=True)
        if mine != "tenant_id"
    ]
    stranger = Side("three", 3)
    stranger.rows = own.rows
    new = stranger.row(table)
    answers = []
    for values in ({m: parent[t] for m, t in targets}, {m: uuid4() for m, t in targets}):
        row = {**new, "tenant_id": own.tenant_id, **values}
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        error = refused_insert(connection, table, row)
        if not isinstance(error, errors.ForeignKeyViolation):
            yield f"{reference.name} of {table} lets a row refer to another tenant's ({error!r})"
            return
        answers.append(
            re.sub(r"[0-9a-f-]{36}", "…", f"{error.diag.message_primary} {error.diag.message_detail}")
        )
    if answers[0] != answers[1]:
        yield f"{reference.name} of {table} tells a row of another tenant from none: {answers}"
