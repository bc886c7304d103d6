"""Asks and tries whether the role of a service may do more than it should. Each sentence is one thing that is wrong."""

from collections.abc import Iterator

import psycopg
from psycopg import errors

from deploy.e2e.isolation.catalogue import Catalogue
from deploy.e2e.isolation.reasons import SCOPED
from deploy.e2e.isolation.trying import acting, refusal
from libs.common.db.tenancy import POLICY
from libs.common.settings import CommonSettings

_CHANGE = "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"


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
