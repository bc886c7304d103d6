"""Chain the audit log, and note where requests come from.

Entries that are there already stay as they are: no chain would prove now what they were then. They have no number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACCEPTED = {"tighter": "the release before writes no number, and entries without one are not in the index"}

_NEW = (
    ("acted_as_id", sa.Uuid()),
    ("address", sa.Text()),
    ("user_agent", sa.Text()),
    ("tenant_via", sa.Text()),
    ("seq", sa.BigInteger()),
    ("previous_hash", sa.LargeBinary()),
    ("hash", sa.LargeBinary()),
)


def upgrade() -> None:
    op.add_column("outbox", sa.Column("origin", sa.Text(), nullable=True), schema="identity")
    for name, kind in _NEW:
        op.add_column("audit_log", sa.Column(name, kind, nullable=True), schema="identity")
    op.create_table(
        "audit_chains",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_audit_chains")),
        schema="identity",
    )
    op.isolate_tenants("audit_chains", schema="identity")
    op.execute(
        "CREATE FUNCTION identity.only_lengthen() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF TG_OP = 'UPDATE' AND NEW.tenant_id = OLD.tenant_id AND NEW.seq > OLD.seq THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'the chain of the audit log only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER only_lengthen BEFORE UPDATE OR DELETE ON identity.audit_chains"
        " FOR EACH ROW EXECUTE FUNCTION identity.only_lengthen()"
    )
    op.execute(
        "CREATE TRIGGER keep_all BEFORE TRUNCATE ON identity.audit_chains"
        " FOR EACH STATEMENT EXECUTE FUNCTION identity.only_lengthen()"
    )
    op.create_index_online(
        "uq_audit_log_seq",
        "audit_log",
        ["tenant_id", "seq"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("seq IS NOT NULL"),
    )
    op.create_index_online(
        "ix_audit_log_acted_as_id",
        "audit_log",
        ["tenant_id", "acted_as_id", "time", "id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("acted_as_id IS NOT NULL"),
    )
    op.create_index_online(
        "ix_audit_log_unchained",
        "audit_log",
        ["tenant_id", "id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("seq IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_audit_log_unchained", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_acted_as_id", table_name="audit_log", schema="identity")
    op.drop_index("uq_audit_log_seq", table_name="audit_log", schema="identity")
    op.drop_table("audit_chains", schema="identity")
    op.execute("DROP FUNCTION identity.only_lengthen()")
    for name, _ in reversed(_NEW):
        op.drop_column("audit_log", name, schema="identity")
    op.drop_column("outbox", "origin", schema="identity")
