"""Search sessions reviews and privacy requests."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("privacy_requests", ["email", "reason"], schema="identity")
    op.create_search_index_online(
        "registration_requirements", ["code", "label", "description"], schema="identity"
    )
    op.create_search_index_online("registration_rules", ["name"], schema="identity")
    op.create_search_index_online("review_delegations", ["reason"], schema="identity")
    op.create_search_index_online("sessions", ["user_agent", "address"], schema="identity", owner="user_id")


def downgrade() -> None:
    op.drop_index_online("ix_sessions_search", schema="identity")
    op.drop_index_online("ix_review_delegations_search", schema="identity")
    op.drop_index_online("ix_registration_rules_search", schema="identity")
    op.drop_index_online("ix_registration_requirements_search", schema="identity")
    op.drop_index_online("ix_privacy_requests_search", schema="identity")
