"""One alembic environment per service: its `migrations/env.py` is two lines, an import and a call with its metadata."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate import rewriter
from alembic.config import Config
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from libs.common.db.operations import CreateIndexOnline, IsolateTenants
from libs.common.runtime.service import Service

_writer = rewriter.Rewriter()


@_writer.rewrites(ops.CreateTableOp)
def _isolate_new_table(_: Any, __: Any, operation: ops.CreateTableOp) -> Any:
    if any(isinstance(c, sa.Column) and c.name == "tenant_id" for c in operation.columns):
        return [operation, IsolateTenants(operation.table_name, operation.schema or "public")]
    return operation


def _write(migration: MigrationContext, revision: Any, directives: list[Any]) -> None:
    """What a new migration is made of: tables isolated by tenant, indexes on older tables built online."""
    if directives[0].upgrade_ops.is_empty():
        # Nothing changed, so nothing is written.
        directives.clear()
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
            include_name=only(schema),
            process_revision_directives=_write,
            compare_type=True,
            # An index that is built online stands outside a transaction.
            transaction_per_migration=True,
        )
    with context.begin_transaction():
        context.run_migrations()


def only(schema: str) -> Callable[[str | None, str, Any], bool]:
    """What alembic looks at: the tables of one schema, but for its own."""

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
