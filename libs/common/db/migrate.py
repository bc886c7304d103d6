"""Migrations: one alembic environment per service, roles and grants, and the check that models match.

A service's `migrations/env.py` is two lines: `from ... import run_environment` and a call with its metadata.
Migrations run beside the processes of the previous release, so none of them may hold these up: a lock that is not had
within `LOCK_SECONDS` is given up and asked for again.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command, context
from alembic.autogenerate import compare_metadata, renderers, rewriter
from alembic.config import Config
from alembic.operations import MigrateOperation, Operations, ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, MetaData, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from libs.common.db.search import pairs_function, search_functions, trust_search
from libs.common.db.tenancy import isolation_ddl
from libs.common.messaging.postgres_schema import ensure_bus
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings

_SLOW_SEARCH = "(searches read all rows of a business: see docs/operations.md, search)"
LOCK = 7_152_306  # one migration at a time in one database
# While a statement waits for a lock on a table, all that come after it on that table wait behind it.
LOCK_SECONDS = 3.0
LOCK_TRIES = 20
_PAUSE_SECONDS = 1.0


@Operations.register_operation("isolate_tenants")
class IsolateTenants(MigrateOperation):
    """`op.isolate_tenants("deals", schema="crm")`: row-level security on a new table."""

    def __init__(self, table: str, schema: str) -> None:
        self.table = table
        self.schema = schema

    @classmethod
    def isolate_tenants(cls, operations: Operations, table: str, schema: str) -> Any:
        """Run the operation."""
        return operations.invoke(cls(table, schema))

    def reverse(self) -> MigrateOperation:
        """Nothing to undo: the table is dropped."""
        return ops.ExecuteSQLOp("SELECT 1")


@Operations.implementation_for(IsolateTenants)
def _isolate(operations: Operations, operation: IsolateTenants) -> None:
    for statement in isolation_ddl(operation.schema, operation.table):
        operations.execute(statement)


@renderers.dispatch_for(IsolateTenants)
def _render(_: Any, operation: IsolateTenants) -> str:
    return f'op.isolate_tenants("{operation.table}", schema="{operation.schema}")'


@Operations.register_operation("create_index_online")
class CreateIndexOnline(ops.CreateIndexOp):
    """`op.create_index_online("ix_deals_name", "deals", ["tenant_id", "name"], schema="crm")`.

    Like `op.create_index`, for a table that has rows already: reading and writing go on meanwhile. It runs outside a
    transaction; what a build that failed left behind is removed first.
    """

    @classmethod
    def create_index_online(
        cls,
        operations: Operations,
        index_name: str,
        table_name: str,
        columns: Sequence[Any],
        *,
        schema: str | None = None,
        unique: bool = False,
        **options: Any,
    ) -> Any:
        """Run the operation."""
        return operations.invoke(
            cls(index_name, table_name, columns, schema=schema, unique=unique, **options)
        )


@Operations.implementation_for(CreateIndexOnline)
def _create_index_online(operations: Operations, operation: CreateIndexOnline) -> None:
    migration = operations.get_context()
    with migration.autocommit_block():
        # It holds up nobody, so it may wait for long transactions to end.
        operations.execute("SET lock_timeout = 0")
        if not migration.as_sql:
            name = f'"{operation.schema}"."{operation.index_name}"'
            broken = operations.get_bind().scalar(
                text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"),
                {"name": name},
            )
            if broken:
                operations.execute(f"DROP INDEX CONCURRENTLY {name}")
        operations.create_index(
            operation.index_name,
            operation.table_name,
            operation.columns,
            schema=operation.schema,
            unique=operation.unique,
            if_not_exists=True,
            **{**operation.kw, "postgresql_concurrently": True},
        )
        operations.execute(_LOCK_TIMEOUT)


@renderers.dispatch_for(CreateIndexOnline)
def _render_online(context_: Any, operation: CreateIndexOnline) -> str:
    render: Callable[[Any, Any], str] = renderers.dispatch(ops.CreateIndexOp.__new__(ops.CreateIndexOp))
    return render(context_, operation).replace("create_index(", "create_index_online(", 1)


@Operations.register_operation("drop_index_online")
class DropIndexOnline(ops.DropIndexOp):
    """`op.drop_index_online("ix_deals_name", schema="crm")`: no writing is held up, and absence is no error."""

    @classmethod
    def drop_index_online(cls, operations: Operations, index_name: str, *, schema: str | None = None) -> Any:
        """Run the operation."""
        return operations.invoke(cls(index_name, schema=schema))


@Operations.implementation_for(DropIndexOnline)
def _drop_index_online(operations: Operations, operation: DropIndexOnline) -> None:
    with operations.get_context().autocommit_block():
        operations.execute("SET lock_timeout = 0")
        operations.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{operation.schema}"."{operation.index_name}"')
        operations.execute(_LOCK_TIMEOUT)


_LOCK_TIMEOUT = f"SET lock_timeout = '{LOCK_SECONDS:g}s'"


@Operations.register_operation("make_search_functions")
class MakeSearchFunctions(MigrateOperation):
    """`op.make_search_functions("crm")`: what the search indexes of a schema are made with."""

    def __init__(self, schema: str) -> None:
        self.schema = schema

    @classmethod
    def make_search_functions(cls, operations: Operations, schema: str) -> Any:
        """Run the operation."""
        return operations.invoke(cls(schema))


@Operations.implementation_for(MakeSearchFunctions)
def _make_search_functions(operations: Operations, operation: MakeSearchFunctions) -> None:
    for statement in search_functions(operation.schema):
        operations.execute(sa.text(statement.replace(":", r"\:")))


@Operations.register_operation("make_pairs_function")
class MakePairsFunction(MigrateOperation):
    """`op.make_pairs_function("catalog")`: what an index of texts by name is made with."""

    def __init__(self, schema: str) -> None:
        self.schema = schema

    @classmethod
    def make_pairs_function(cls, operations: Operations, schema: str) -> Any:
        """Run the operation."""
        return operations.invoke(cls(schema))


@Operations.implementation_for(MakePairsFunction)
def _make_pairs_function(operations: Operations, operation: MakePairsFunction) -> None:
    operations.execute(sa.text(pairs_function(operation.schema).replace(":", r"\:")))


_writer = rewriter.Rewriter()


@_writer.rewrites(ops.CreateTableOp)
def _isolate_new_table(_: Any, __: Any, operation: ops.CreateTableOp) -> Any:
    if any(isinstance(c, sa.Column) and c.name == "tenant_id" for c in operation.columns):
        return [operation, IsolateTenants(operation.table_name, operation.schema or "public")]
    return operation


def _write(migration: MigrationContext, revision: Any, directives: list[Any]) -> None:
    """What a new migration is made of: tables isolated by tenant, indexes on older tables built online."""
    for script in directives:
        new = {o.table_name for o in script.upgrade_ops.ops if isinstance(o, ops.CreateTableOp)}
        for group in script.upgrade_ops.ops:
            if isinstance(group, ops.ModifyTableOps) and group.table_name not in new:
                group.ops[:] = [
                    CreateIndexOnline.from_index(o.to_index()) if type(o) is ops.CreateIndexOp else o
                    for o in group.ops
                ]
    _writer(migration, revision, directives)


def run_environment(metadata: MetaData) -> None:
    """The body of a service's `migrations/env.py`."""
    schema = metadata.schema or "public"
    if context.is_offline_mode():
        context.configure(
            dialect_name="postgresql", version_table_schema=schema, transaction_per_migration=True
        )
    else:
        connection: Connection = context.config.attributes["connection"]
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table="alembic_version",
            version_table_schema=schema,
            include_schemas=True,
            include_name=_only(schema),
            process_revision_directives=_write,
            compare_type=True,
            # An index that is built online stands outside a transaction.
            transaction_per_migration=True,
        )
    with context.begin_transaction():
        context.run_migrations()


def _only(schema: str) -> Callable[[str | None, str, Any], bool]:
    def include(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name == schema
        return not (kind == "table" and name == "alembic_version")

    return include


def configuration(service: Service, connection: Connection | None) -> Config:
    """The alembic configuration of one service over an open connection, or over none to write SQL."""
    config = Config()
    config.set_main_option("script_location", str(service.migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(
    services: Sequence[Service],
    settings: CommonSettings,
    *,
    on_step: Callable[[str], None] = lambda _: None,
    tries: int = LOCK_TRIES,
) -> None:
    """Bring roles, schemas and tables of these services up to date; safe to run at once from many places.

    Tables that a newer release has migrated stay as they are: what it added does not disturb this one.

    Raises:
        OperationalError: others held a lock on a table at each of so many `tries`.
    """
    engine = create_engine(settings.sqlalchemy_url, poolclass=NullPool)
    try:
        with engine.connect() as guard:
            guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            guard.commit()
            with engine.begin() as connection:
                make_role(connection, settings, "bus")
                ensure_bus(connection, settings.role("bus"))
            for service in services:
                with engine.begin() as connection:
                    make_role(connection, settings, service.name)
                    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service.name}"'))
                newer = _upgrade(service, engine, tries)
                with engine.begin() as connection:
                    grant(connection, settings, service.name, service.metadata)
                    trusted = trust_search(connection, service.name)
                step = f"{service.name} (stays at {newer} of a newer release)" if newer else service.name
                on_step(step if trusted else f"{step} {_SLOW_SEARCH}")
    finally:
        engine.dispose()


def _upgrade(service: Service, engine: Engine, tries: int) -> str | None:
    """Run the migrations that are due; return the revision of the database where it is a newer release's."""
    for attempt in range(1, tries + 1):
        with engine.connect() as connection:
            connection.execute(text(_LOCK_TIMEOUT))
            connection.commit()
            if newer := _newer_revision(service, connection):
                return newer
            try:
                command.upgrade(configuration(service, connection), "head")
                connection.commit()
                return None
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable) or attempt == tries:
                    raise
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _newer_revision(service: Service, connection: Connection) -> str | None:
    scripts = ScriptDirectory.from_config(configuration(service, connection))
    migration = MigrationContext.configure(
        connection, opts={"version_table_schema": service.metadata.schema or "public"}
    )
    current, head = migration.get_current_revision(), scripts.get_current_head()
    connection.rollback()
    if current is None or current in _revisions(scripts):
        return None
    # Revisions are numbers that grow.
    if head is not None and current.isdigit() and current > head:
        return current
    raise CommandError(f"{service.name} is at the unknown migration {current!r}")


def _revisions(scripts: ScriptDirectory) -> Iterable[str]:
    return {script.revision for script in scripts.walk_revisions()}


def make_role(connection: Connection, settings: CommonSettings, service: str) -> None:
    """Make the runtime role of one service; it owns nothing and passes no policy by."""
    role, password = settings.role(service), settings.role_password(service)
    exists = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    verb = "ALTER" if exists else "CREATE"
    connection.execute(
        text(
            f"{verb} ROLE \"{role}\" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{password}'"
        )
    )


def grant(
    connection: Connection, settings: CommonSettings, service: str, metadata: sa.MetaData | None = None
) -> None:
    """Let the runtime role read and write the rows of its own schema, and nothing else.

    A table whose `info` says `withheld` is an exception: what is named there is not granted.
    """
    role = settings.role(service)
    tables = metadata.tables.values() if metadata is not None else ()
    for statement in (
        f'REVOKE ALL ON SCHEMA "{service}" FROM PUBLIC',
        f'GRANT USAGE ON SCHEMA "{service}" TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{service}" TO "{role}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{service}" TO "{role}"',
        *(
            f'REVOKE {table.info["withheld"]} ON "{service}"."{table.name}" FROM "{role}"'
            for table in tables
            if "withheld" in table.info
        ),
    ):
        connection.execute(text(statement))


def differences(service: Service, connection: Connection) -> list[str]:
    """What the models of a service have that its migrated schema has not, or the reverse; empty when they match."""
    schema = service.metadata.schema or "public"
    found = compare_metadata(
        MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": _only(schema),
                "compare_type": True,
                "version_table_schema": schema,
            },
        ),
        service.metadata,
    )
    unguarded = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped"
            " WHERE n.nspname = :schema AND c.relkind IN ('r', 'p')"
            " AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
            " AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))"
        ),
        {"schema": schema},
    ).scalars()
    return [str(item) for item in found] + [f"{schema}.{name} has no tenant isolation" for name in unguarded]


def write_revision(service: Service, settings: CommonSettings, message: str) -> Path:
    """Write a new migration from the difference between the models and the migrated database."""
    engine = create_engine(settings.sqlalchemy_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            config = configuration(service, connection)
            count = len(list((service.migrations / "versions").glob("*.py"))) + 1
            script = command.revision(config, message=message, autogenerate=True, rev_id=f"{count:04d}")
            connection.rollback()
    finally:
        engine.dispose()
    assert script is not None
    assert not isinstance(script, list)
    return Path(script.path)
