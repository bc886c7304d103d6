"""What our migrations can say beside alembic's own operations: isolation by tenant, indexes online, search functions.

Migrations run beside the processes of the previous release, so none of them may hold these up: a lock that is not had
within `LOCK_SECONDS` is given up and asked for again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.operations import MigrateOperation, Operations, ops
from sqlalchemy import text

from libs.common.db.search import pairs_function, search_functions, search_index
from libs.common.db.tenancy import isolation_ddl

# While a statement waits for a lock on a table, all that come after it on that table wait behind it.
LOCK_SECONDS = 3.0
LOCK_TIMEOUT = f"SET lock_timeout = '{LOCK_SECONDS:g}s'"


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
        operations.execute(LOCK_TIMEOUT)


@renderers.dispatch_for(CreateIndexOnline)
def _render_online(context_: Any, operation: CreateIndexOnline) -> str:
    render: Callable[[Any, Any], str] = renderers.dispatch(ops.CreateIndexOp.__new__(ops.CreateIndexOp))
    return render(context_, operation).replace("create_index(", "create_index_online(", 1)


@Operations.register_operation("create_search_index_online")
class CreateSearchIndexOnline(MigrateOperation):
    """`op.create_search_index_online("deals", ["name"], schema="crm")`: the `search_index` of a table that has rows."""

    def __init__(self, table: str, columns: Sequence[str], schema: str, owner: str) -> None:
        self.table = table
        self.columns = columns
        self.schema = schema
        self.owner = owner

    @classmethod
    def create_search_index_online(
        cls,
        operations: Operations,
        table: str,
        columns: Sequence[str],
        *,
        schema: str,
        owner: str = "tenant_id",
    ) -> Any:
        """Run the operation; `owner` is the column that says whose rows are searched at a time."""
        return operations.invoke(cls(table, columns, schema, owner))


@Operations.implementation_for(CreateSearchIndexOnline)
def _create_search_index_online(operations: Operations, operation: CreateSearchIndexOnline) -> None:
    index = search_index(operation.schema, operation.table, *operation.columns, owner=operation.owner)
    online = CreateIndexOnline(
        str(index.name),
        operation.table,
        list(index.expressions),
        schema=operation.schema,
        **index.dialect_kwargs,
    )
    operations.invoke(online)
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    operations.execute(f'ALTER INDEX "{operation.schema}"."{index.name}" ALTER COLUMN 1 SET STATISTICS 0')


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
        operations.execute(LOCK_TIMEOUT)


@Operations.register_operation("make_search_functions")
@Operations.register_operation("make_pairs_function")
class MakeFunctions(MigrateOperation):
    """What indexes of a schema are made with."""

    def __init__(self, functions: Sequence[str]) -> None:
        self.functions = functions

    @classmethod
    def make_search_functions(cls, operations: Operations, schema: str) -> Any:
        """`op.make_search_functions("crm")`: what the search indexes of a schema are made with."""
        return operations.invoke(cls(search_functions(schema)))

    @classmethod
    def make_pairs_function(cls, operations: Operations, schema: str) -> Any:
        """`op.make_pairs_function("catalog")`: what an index of texts by name is made with."""
        return operations.invoke(cls([pairs_function(schema)]))


@Operations.implementation_for(MakeFunctions)
def _make_functions(operations: Operations, operation: MakeFunctions) -> None:
    for statement in operation.functions:
        operations.execute(sa.text(statement.replace(":", r"\:")))
