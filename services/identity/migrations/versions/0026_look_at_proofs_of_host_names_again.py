"""Look at proofs of host names again."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "domains", sa.Column("misses", sa.BigInteger(), server_default="0", nullable=False), schema="identity"
    )
    op.create_index_online(
        "ix_domains_looked_at",
        "domains",
        ["checked_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("verified_at IS NOT NULL AND verified_by = 'dns'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_domains_looked_at",
        table_name="domains",
        schema="identity",
        postgresql_where=sa.text("verified_at IS NOT NULL AND verified_by = 'dns'"),
    )
    op.drop_column("domains", "misses", schema="identity")
