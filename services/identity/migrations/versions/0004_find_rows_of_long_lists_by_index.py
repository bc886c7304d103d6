"""Find rows of long lists by index."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("identity")
    op.create_index_online(
        "ix_audit_log_search",
        "audit_log",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[action, resource, resource_id])")],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_departments_search",
        "departments",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[name])")],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_domains_search",
        "domains",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[host])")],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_registrations_search",
        "registrations",
        [
            sa.literal_column(
                "identity.search_grams('00000000-0000-0000-0000-000000000000'::uuid, ARRAY[company_name, owner_email])"
            )
        ],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_roles_search",
        "roles",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[code, name])")],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_tenants_search",
        "tenants",
        [
            sa.literal_column(
                "identity.search_grams('00000000-0000-0000-0000-000000000000'::uuid, ARRAY[name, slug])"
            )
        ],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in (
        "audit_log",
        "departments",
        "domains",
        "registrations",
        "roles",
        "tenants",
    ):
        op.execute(f"ALTER INDEX identity.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_index(
        "ix_tenants_search",
        table_name="tenants",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_roles_search",
        table_name="roles",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_registrations_search",
        table_name="registrations",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_domains_search",
        table_name="domains",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_departments_search",
        table_name="departments",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_audit_log_search",
        table_name="audit_log",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
