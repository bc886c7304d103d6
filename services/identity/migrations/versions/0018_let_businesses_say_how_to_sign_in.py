"""Let businesses say how to sign in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tenants",
        sa.Column("sign_in_policy", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="identity",
    )


def downgrade() -> None:
    op.drop_column("tenants", "sign_in_policy", schema="identity")
