"""What the models of a service and its migrated schema do not have in common."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from libs.common.db.environment import only
from libs.common.runtime.service import Service


def differences(service: Service, connection: Connection) -> list[str]:
    """What the models of a service have that its migrated schema has not, or the reverse; empty when they match."""
    schema = service.metadata.schema or "public"
    found = compare_metadata(
        MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": only(schema),
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
