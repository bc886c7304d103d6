"""Migrations: one alembic environment per service, roles and grants, and the check that models match.

A service's `migrations/env.py` is two lines: `from ... import run_environment` and a call with its metadata.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command, context
from alembic.autogenerate import compare_metadata, renderers, rewriter
from alembic.config import Config
from alembic.operations import MigrateOperation, Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, text
from sqlalchemy.pool import NullPool

from libs.common.db.tenancy import isolation_ddl
from libs.common.messaging.postgres_schema import ensure_bus
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings

LOCK = 7_152_306  # one migration at a time in one database


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


_writer = rewriter.Rewriter()


@_writer.rewrites(ops.CreateTableOp)
def _isolate_new_table(_: Any, __: Any, operation: ops.CreateTableOp) -> Any:
    if any(isinstance(c, sa.Column) and c.name == "tenant_id" for c in operation.columns):
        return [operation, IsolateTenants(operation.table_name, operation.schema or "public")]
    return operation


def run_environment(metadata: MetaData) -> None:
    """The body of a service's `migrations/env.py`."""
    schema = metadata.schema or "public"
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table="alembic_version",
        version_table_schema=schema,
        include_schemas=True,
        include_name=_only(schema),
        process_revision_directives=_writer,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


def _only(schema: str) -> Callable[[str | None, str, Any], bool]:
    def include(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name == schema
        return not (kind == "table" and name == "alembic_version")

    return include


def configuration(service: Service, connection: Connection) -> Config:
    """The alembic configuration of one service over an open connection."""
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
) -> None:
    """Bring roles, schemas and tables of these services up to date; safe to run at once from many places."""
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
                with engine.connect() as connection:
                    command.upgrade(configuration(service, connection), "head")
                    connection.commit()
                with engine.begin() as connection:
                    grant(connection, settings, service.name)
                on_step(service.name)
    finally:
        engine.dispose()


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


def grant(connection: Connection, settings: CommonSettings, service: str) -> None:
    """Let the runtime role read and write the rows of its own schema, and nothing else."""
    role = settings.role(service)
    for statement in (
        f'REVOKE ALL ON SCHEMA "{service}" FROM PUBLIC',
        f'GRANT USAGE ON SCHEMA "{service}" TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{service}" TO "{role}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{service}" TO "{role}"',
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
