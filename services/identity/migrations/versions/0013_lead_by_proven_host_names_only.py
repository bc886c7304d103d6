"""Lead by proven host names only."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ACCEPTED = {
    "tighter": "no tighter than the index it takes the place of: the release before writes proven host names only"
}


def upgrade() -> None:
    op.add_column("domains", sa.Column("token", sa.Text(), nullable=True), schema="identity")
    # Those that are there lead to their businesses already, and so do those that the release before adds.
    op.add_column(
        "domains",
        sa.Column("verified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        schema="identity",
    )
    op.add_column("domains", sa.Column("verified_by", sa.Text(), nullable=True), schema="identity")
    op.add_column(
        "domains", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True), schema="identity"
    )
    op.create_index_online(
        "uq_domains_proven",
        "domains",
        ["host"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("verified_at IS NOT NULL"),
    )
    op.create_index_online(
        "uq_domains_host_of_tenant", "domains", ["tenant_id", "host"], unique=True, schema="identity"
    )
    op.drop_index_online("uq_domains_host", schema="identity")


def downgrade() -> None:
    op.create_index("uq_domains_host", "domains", ["host"], unique=True, schema="identity")
    op.drop_index("uq_domains_host_of_tenant", table_name="domains", schema="identity")
    op.drop_index("uq_domains_proven", table_name="domains", schema="identity")
    for column in ("checked_at", "verified_by", "verified_at", "token"):
        op.drop_column("domains", column, schema="identity")
