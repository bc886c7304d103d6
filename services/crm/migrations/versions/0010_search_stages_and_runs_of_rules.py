"""Search stages and runs of rules."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("automation_runs", ["event", "reason"], schema="crm")
    op.create_search_index_online("stages", ["name"], schema="crm")


def downgrade() -> None:
    op.drop_index_online("ix_stages_search", schema="crm")
    op.drop_index_online("ix_automation_runs_search", schema="crm")
