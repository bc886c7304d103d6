"""Keep invoices, prices and more of deals and tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("outstanding", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", name=op.f("pk_invoice_facts")),
        schema="analytics",
    )
    op.isolate_tenants("invoice_facts", schema="analytics")
    op.create_index(
        "ix_invoice_facts_due_on",
        "invoice_facts",
        ["tenant_id", "due_on"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("outstanding > 0"),
    )
    op.create_index(
        "ix_invoice_facts_issued_at",
        "invoice_facts",
        ["tenant_id", "issued_at"],
        unique=False,
        schema="analytics",
    )
    op.create_table(
        "price_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "variant_id", "changed_at", name=op.f("pk_price_facts")),
        schema="analytics",
    )
    op.isolate_tenants("price_facts", schema="analytics")
    op.add_column("deal_facts", sa.Column("name", sa.Text(), nullable=True), schema="analytics")
    op.add_column("deal_facts", sa.Column("owner_id", sa.Uuid(), nullable=True), schema="analytics")
    op.add_column("deal_facts", sa.Column("expected_close_on", sa.Date(), nullable=True), schema="analytics")
    op.add_column(
        "deal_facts",
        sa.Column("stage_entered_at", sa.DateTime(timezone=True), nullable=True),
        schema="analytics",
    )
    op.create_index_online(
        "ix_deal_facts_closed_at",
        "deal_facts",
        ["tenant_id", "status", "closed_at"],
        unique=False,
        schema="analytics",
    )
    op.add_column("task_facts", sa.Column("name", sa.Text(), nullable=True), schema="analytics")
    op.add_column("task_facts", sa.Column("status", sa.Text(), nullable=True), schema="analytics")
    op.add_column("task_facts", sa.Column("deal_id", sa.Uuid(), nullable=True), schema="analytics")
    op.add_column(
        "task_facts",
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("'epoch'"), nullable=False),
        schema="analytics",
    )
    op.create_index_online(
        "ix_task_facts_deal_id", "task_facts", ["tenant_id", "deal_id"], unique=False, schema="analytics"
    )
    op.create_index_online(
        "ix_task_facts_due",
        "task_facts",
        ["tenant_id", "due_at"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("completed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_task_facts_due",
        table_name="task_facts",
        schema="analytics",
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.drop_index("ix_task_facts_deal_id", table_name="task_facts", schema="analytics")
    op.drop_column("task_facts", "seen_at", schema="analytics")
    op.drop_column("task_facts", "deal_id", schema="analytics")
    op.drop_column("task_facts", "status", schema="analytics")
    op.drop_column("task_facts", "name", schema="analytics")
    op.drop_index("ix_deal_facts_closed_at", table_name="deal_facts", schema="analytics")
    op.drop_column("deal_facts", "stage_entered_at", schema="analytics")
    op.drop_column("deal_facts", "expected_close_on", schema="analytics")
    op.drop_column("deal_facts", "owner_id", schema="analytics")
    op.drop_column("deal_facts", "name", schema="analytics")
    op.drop_table("price_facts", schema="analytics")
    op.drop_index("ix_invoice_facts_issued_at", table_name="invoice_facts", schema="analytics")
    op.drop_index(
        "ix_invoice_facts_due_on",
        table_name="invoice_facts",
        schema="analytics",
        postgresql_where=sa.text("outstanding > 0"),
    )
    op.drop_table("invoice_facts", schema="analytics")
