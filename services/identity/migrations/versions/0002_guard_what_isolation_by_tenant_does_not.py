"""Guard what isolation by tenant does not.

People, sessions, keys and counters belong to no tenant, and the audit log must not be rewritten.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PLATFORM = "current_setting('app.scope', true) = 'platform'"
# Read and written by flows that span tenants, never in the scope of one.
_PLATFORM_ONLY = ("sessions", "refresh_tokens", "signing_keys", "attempt_counters")
_GUARDED = ("users", *_PLATFORM_ONLY)


def upgrade() -> None:
    for table in _GUARDED:
        op.execute(f"ALTER TABLE identity.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE identity.{table} FORCE ROW LEVEL SECURITY")
    for table in _PLATFORM_ONLY:
        op.execute(f"CREATE POLICY platform_only ON identity.{table} USING ({_PLATFORM})")
    # In the scope of a tenant its own members show; the policy of members narrows the inner query.
    op.execute(
        f"CREATE POLICY members_only ON identity.users USING ({_PLATFORM}"
        " OR EXISTS (SELECT 1 FROM identity.members m WHERE m.user_id = users.id))"
    )
    op.execute("CREATE POLICY system_roles ON identity.roles FOR SELECT USING (is_system)")
    op.execute(
        "CREATE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON identity.audit_log"
        " FOR EACH ROW EXECUTE FUNCTION identity.refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER keep_all BEFORE TRUNCATE ON identity.audit_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_all ON identity.audit_log")
    op.execute("DROP TRIGGER append_only ON identity.audit_log")
    op.execute("DROP FUNCTION identity.refuse_change()")
    op.execute("DROP POLICY system_roles ON identity.roles")
    op.execute("DROP POLICY members_only ON identity.users")
    for table in _PLATFORM_ONLY:
        op.execute(f"DROP POLICY platform_only ON identity.{table}")
    for table in _GUARDED:
        op.execute(f"ALTER TABLE identity.{table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE identity.{table} NO FORCE ROW LEVEL SECURITY")
