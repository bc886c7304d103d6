"""Keep suppliers."""

import sqlalchemy as sa
from alembic import op

from libs.common.db.search import address_function

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppliers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("payment_terms_days", sa.BigInteger(), nullable=True),
        sa.Column("lead_time_days", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_suppliers")),
        schema="catalog",
    )
    op.isolate_tenants("suppliers", schema="catalog")
    for name, columns in (
        ("created_at", ["created_at", "id"]),
        ("is_active", ["is_active", "created_at", "id"]),
        ("currency", ["currency", "created_at", "id"]),
        ("by_updated_at", ["updated_at", "id"]),
        ("by_name", ["name", "id"]),
    ):
        op.create_index(f"ix_suppliers_{name}", "suppliers", ["tenant_id", *columns], schema="catalog")
    for column in ("code", "external_id"):
        op.create_index(
            f"uq_suppliers_{column}",
            "suppliers",
            ["tenant_id", column],
            unique=True,
            schema="catalog",
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
    op.create_index(
        "ix_suppliers_search",
        "suppliers",
        [sa.literal_column("catalog.search_grams(tenant_id, ARRAY[name, code, contact_name, email])")],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.execute(address_function("catalog"))
    op.create_index(
        "ix_suppliers_address",
        "suppliers",
        [sa.literal_column("catalog.address_key(email)")],
        schema="catalog",
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    op.execute("ALTER INDEX catalog.ix_suppliers_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_table("suppliers", schema="catalog")
    op.execute("DROP FUNCTION catalog.address_key(text)")
