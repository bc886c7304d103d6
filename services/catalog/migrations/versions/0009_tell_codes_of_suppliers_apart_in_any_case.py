"""Tell codes of suppliers apart in any case."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of those that would be the same, the oldest keeps its code; the others get a piece of their ids behind it.
    op.execute("SET LOCAL app.scope = 'platform'")
    op.execute(
        "UPDATE catalog.suppliers s SET code = left(s.code, 41) || '-' || right(s.id::text, 8),"
        " version = s.version + 1, updated_at = now()"
        " FROM catalog.suppliers o WHERE o.tenant_id = s.tenant_id AND lower(o.code) = lower(s.code)"
        " AND o.deleted_at IS NULL AND s.deleted_at IS NULL AND (o.created_at, o.id) < (s.created_at, s.id)"
    )
    op.create_index_online(
        "uq_suppliers_code_in_any_case",
        "suppliers",
        ["tenant_id", sa.literal_column("lower(code)")],
        schema="catalog",
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index_online("uq_suppliers_code_in_any_case", schema="catalog")
