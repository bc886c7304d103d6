"""Walks every table as each service's own database role and tells what crosses from one tenant to another.

Each function returns sentences, one for each thing that is wrong; none is what should come back.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
from psycopg import errors

from deploy.e2e.isolation.catalogue import Catalogue, Reference, Table
from deploy.e2e.isolation.rows import Row, Side, insert
from libs.common.db.tenancy import POLICY, isolation_ddl
from libs.common.settings import CommonSettings

# Tables whose rows belong to no tenant, each with the reason. Those that only the platform scope may read are empty
# to a tenant, and that is tried.
SHARED = {
    "alembic_version": "the number of the last migration",
    "inbox": "ids of events and names of handlers",
    "job_schedules": "names of jobs",
    "identity.users": "a person may belong to several businesses; a tenant sees its own members",
    "notifications.devices": "belong to a person; found by the person or by the token, which is a secret",
}
PLATFORM_ONLY = {
    "identity.sessions": "belong to a person; read by the sign-in",
    "identity.refresh_tokens": "belong to a session",
    "identity.signing_keys": "belong to the platform",
    "identity.attempt_counters": "belong to names and addresses",
    "identity.passkeys": "belong to a person; found by the person or by what the device calls them",
    "identity.passkey_challenges": "belong to a browser that is about to answer",
    "identity.totp_factors": "belong to a person; read by the sign-in",
    "identity.recovery_codes": "belong to a person; read by the sign-in",
    "identity.one_time_links": "belong to a person; found by a token that only the person has",
    "identity.oidc_flows": "belong to a browser that is at a provider",
    "identity.oidc_codes": "belong to a browser that has come back",
    "identity.oidc_links": "belong to a person; found by the person or by the outside account",
}
# Values that are unique on the whole platform, each with the reason why that tells nobody anything.
UNIQUE_TO_ALL = {
    "outbox.id": "given by a sequence",
    "outbox.event_id": "a random id that is made here",
    "dead_letters.id": "a random id that is made here",
    "jobs.id": "a random id that is made here",
    "jobs.name,key": "the key begins with the tenant",
    "identity.domains.host": "a host name leads to one business; who asks for a taken one must be told",
    "identity.tenants.slug": "names a business in public addresses",
    "notifications.notifications.seq": "given by a sequence",
    "identity.users.id": "a random id that is made here",
    "identity.users.email": "one account a person; who registers with a taken address must be told",
    "notifications.devices.token": "a secret of the device itself",
}
# References to rows of no tenant, each with the reason.
REFERENCES_TO_SHARED = {
    "fk_members_user_id": "a person may be a member of several businesses",
    "fk_api_keys_user_id": "whose personal token it is",
    "fk_staff_grants_user_id": "whom of the operator's staff a business lets in",
}
# Policies that show more than the tenant's own rows, each with the reason.
WIDER = {("identity.roles", "system_roles"): "the roles of the platform are the same for every business"}

# Functions that run in a scope of their own, each with the reason.
SCOPED = {
    "payments.check_balance()": "adds up one transaction of the tenant of the row, at the commit",
    "identity.copy_person()": "reads the account of the membership that is written",
    "identity.copy_person_again()": "writes the account's own fields into its memberships, and nothing else",
}

_CHANGE = "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"


def reason(known: dict[str, str], table: Table, name: str = "") -> str | None:
    """The reason that stands for a table (or something in it), by its full name or for every service alike."""
    tail = f".{name}" if name else ""
    return known.get(f"{table}{tail}") or known.get(f"{table.name}{tail}")


@contextmanager
def acting(
    connection: psycopg.Connection, tenant_id: UUID | None = None, scope: str = ""
) -> Iterator[psycopg.Connection]:
    """A transaction in the scope of a tenant (of none, or of the platform) that is rolled back."""
    with connection.transaction(force_rollback=True):
        connection.execute(
            "SELECT set_config('app.tenant_id', %s, true), set_config('app.scope', %s, true)",
            (str(tenant_id or ""), scope),
        )
        yield connection


def refusal(
    connection: psycopg.Connection, statement: str, row: Iterable[object] = ()
) -> psycopg.Error | None:
    """The error that a statement ends in, or None; what it did is undone."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement, list(row))
    except psycopg.Error as error:
        return error
    return None


def refused_insert(connection: psycopg.Connection, table: Table, row: Row) -> psycopg.Error | None:
    """The error that inserting a row ends in, or None."""
    try:
        with connection.transaction(force_rollback=True):
            insert(connection, table, row)
    except psycopg.Error as error:
        return error
    return None


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


def rights(connection: psycopg.Connection, settings: CommonSettings, service: str) -> Iterator[str]:
    """May the role of a service do more than read and write the rows of its own schema? Asked as the administrator."""
    role = settings.role(service)

    def ask(statement: str, *parameters: object) -> list[tuple[object, ...]]:
        return connection.execute(statement, parameters).fetchall()

    for name in ("rolsuper", "rolbypassrls", "rolcreatedb", "rolcreaterole", "rolreplication"):
        if ask(f"SELECT 1 FROM pg_roles WHERE rolname = %s AND {name}", role):
            yield f"{role} has {name}"
    for (other,) in ask("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", role):
        yield f"{role} may act as {other}"
    for kind, name in ask(
        "SELECT 'relation', oid::regclass::text FROM pg_class WHERE relowner = %(r)s::regrole"
        " UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspowner = %(r)s::regrole"
        " UNION ALL SELECT 'function', oid::regprocedure::text FROM pg_proc WHERE proowner = %(r)s::regrole".replace(
            "%(r)s", f"'{role}'"
        )
    ):
        yield f"{role} owns the {kind} {name}, and an owner can switch its policies off"
    for (schema,) in ask(
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%s, oid, 'CREATE')", role
    ):
        yield f"{role} may create in the schema {schema}"
    for (schema,) in ask(
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%s, oid, 'USAGE')"
        " AND nspname NOT IN ('public', 'pg_catalog', 'information_schema', %s)",
        role,
        service,
    ):
        yield f"{role} may use the schema {schema}"
    for name, schema, privilege in ask(
        "SELECT c.oid::regclass::text, n.nspname, p FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN unnest(%s::text[]) p WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'"
        " AND has_table_privilege(%s, c.oid, p)",
        list(_CHANGE),
        role,
    ):
        if schema != service:
            yield f"{role} has {privilege} on {name}"
        elif privilege in ("TRUNCATE", "REFERENCES", "TRIGGER"):
            yield f"{role} has {privilege} on {name}, which knows no policy"
    for name, privilege in ask(
        "SELECT c.oid::regclass::text, p FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'UPDATE']) p"
        " WHERE c.relkind = 'S' AND has_sequence_privilege(%s, c.oid, p)",
        role,
    ):
        yield f"{role} has {privilege} on the sequence {name}, which tells how much others write"
    if ask(
        "SELECT 1 FROM pg_database WHERE datname = current_database() AND has_database_privilege(%s, oid, 'CREATE')",
        role,
    ):
        yield f"{role} may create schemas"
    for (setting,) in ask(
        "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole IN (0, %s::regrole)", role
    ):
        if str(setting).startswith(("app.", "row_security", "search_path")):
            yield f"{role} starts every session with {setting}"
    for (name,) in ask(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE array_to_string(proconfig, ' ') ~ '(app\\.|row_security)'"
        " AND pronamespace = %s::regnamespace",
        service,
    ):
        if name not in SCOPED:
            yield f"{name} runs in a scope of its own: give a reason in SCOPED"
    for (name,) in ask(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND has_function_privilege(%s, p.oid, 'EXECUTE') AND has_schema_privilege(%s, n.oid, 'USAGE')",
        role,
        role,
    ):
        yield f"{role} may run {name} with the rights of its owner"


def attempts(connection: psycopg.Connection, catalogue: Catalogue, service: str) -> Iterator[str]:
    """What the role of a service gets when it tries what it has no right to; connected as that role."""
    for table in catalogue:
        if table.schema not in (service, "public"):
            with acting(connection, scope="platform"):
                if not isinstance(
                    refusal(connection, f"SELECT 1 FROM {table.sql}"), errors.InsufficientPrivilege
                ):
                    yield f"{service} could read {table}"
    for statement in (
        "CREATE TABLE public.smuggled (id int)",
        f'CREATE TABLE "{service}".smuggled (id int)',
        f'CREATE VIEW "{service}".smuggled AS SELECT 1',
        f'CREATE FUNCTION "{service}".smuggled() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
        "CREATE SCHEMA smuggled",
        "CREATE ROLE smuggled",
        f'ALTER TABLE "{service}".outbox DISABLE ROW LEVEL SECURITY',
        f'DROP POLICY {POLICY} ON "{service}".outbox',
        f'TRUNCATE "{service}".outbox',
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT pg_read_file('/etc/hostname')",
    ):
        with acting(connection, scope="platform"):
            if not isinstance(refusal(connection, statement), errors.InsufficientPrivilege):
                yield f"{service} could run {statement}"


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
