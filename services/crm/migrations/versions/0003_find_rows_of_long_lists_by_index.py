"""Find rows of long lists by index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("crm")
    op.create_index_online(
        "ix_chat_messages_object_type",
        "chat_messages",
        ["tenant_id", "object_type", "created_at", "id"],
        schema="crm",
    )
    op.create_index_online(
        "ix_chat_messages_search",
        "chat_messages",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[text])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_chat_threads_by_last_message_at",
        "chat_threads",
        ["tenant_id", "last_message_at", "id"],
        schema="crm",
    )
    op.create_index_online("ix_companies_by_name", "companies", ["tenant_id", "name", "id"], schema="crm")
    op.create_index_online(
        "ix_companies_by_updated_at",
        "companies",
        ["tenant_id", "updated_at", "id"],
        schema="crm",
    )
    op.create_index_online(
        "ix_companies_search",
        "companies",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name, email])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online("ix_contacts_by_name", "contacts", ["tenant_id", "name", "id"], schema="crm")
    op.create_index_online(
        "ix_contacts_by_updated_at", "contacts", ["tenant_id", "updated_at", "id"], schema="crm"
    )
    op.create_index_online(
        "ix_contacts_search",
        "contacts",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name, email, phone])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_deals_by_amount_minor", "deals", ["tenant_id", "amount_minor", "id"], schema="crm"
    )
    op.create_index_online("ix_deals_by_closed_at", "deals", ["tenant_id", "closed_at", "id"], schema="crm")
    op.create_index_online(
        "ix_deals_by_expected_close_on",
        "deals",
        ["tenant_id", "expected_close_on", "id"],
        schema="crm",
    )
    op.create_index_online("ix_deals_by_name", "deals", ["tenant_id", "name", "id"], schema="crm")
    op.create_index_online("ix_deals_by_updated_at", "deals", ["tenant_id", "updated_at", "id"], schema="crm")
    op.create_index_online(
        "ix_deals_search",
        "deals",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online("ix_leads_by_name", "leads", ["tenant_id", "name", "id"], schema="crm")
    op.create_index_online("ix_leads_by_updated_at", "leads", ["tenant_id", "updated_at", "id"], schema="crm")
    op.create_index_online(
        "ix_leads_search",
        "leads",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name, company_name, email, phone])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online("ix_memos_by_updated_at", "memos", ["tenant_id", "updated_at", "id"], schema="crm")
    op.create_index_online(
        "ix_memos_search",
        "memos",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name, text])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_pipelines_by_position", "pipelines", ["tenant_id", "position", "id"], schema="crm"
    )
    op.create_index_online(
        "ix_pipelines_by_updated_at",
        "pipelines",
        ["tenant_id", "updated_at", "id"],
        schema="crm",
    )
    op.create_index_online(
        "ix_pipelines_search",
        "pipelines",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online("ix_projects_by_due_on", "projects", ["tenant_id", "due_on", "id"], schema="crm")
    op.create_index_online("ix_projects_by_name", "projects", ["tenant_id", "name", "id"], schema="crm")
    op.create_index_online(
        "ix_projects_by_updated_at", "projects", ["tenant_id", "updated_at", "id"], schema="crm"
    )
    op.create_index_online(
        "ix_projects_search",
        "projects",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online("ix_requests_by_due_at", "requests", ["tenant_id", "due_at", "id"], schema="crm")
    op.create_index_online("ix_requests_by_name", "requests", ["tenant_id", "name", "id"], schema="crm")
    op.create_index_online(
        "ix_requests_by_updated_at", "requests", ["tenant_id", "updated_at", "id"], schema="crm"
    )
    op.create_index_online(
        "ix_requests_search",
        "requests",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name, description])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online("ix_stages_by_position", "stages", ["tenant_id", "position", "id"], schema="crm")
    op.create_index_online(
        "ix_stages_by_updated_at", "stages", ["tenant_id", "updated_at", "id"], schema="crm"
    )
    op.create_index_online("ix_tasks_by_due_at", "tasks", ["tenant_id", "due_at", "id"], schema="crm")
    op.create_index_online("ix_tasks_by_updated_at", "tasks", ["tenant_id", "updated_at", "id"], schema="crm")
    op.create_index_online(
        "ix_tasks_search",
        "tasks",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name])")],
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in (
        "chat_messages",
        "companies",
        "contacts",
        "deals",
        "leads",
        "memos",
        "pipelines",
        "projects",
        "requests",
        "tasks",
    ):
        op.execute(f"ALTER INDEX crm.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")
    # The ones that these replace.
    for name in (
        "ix_chat_threads_last_message_at",
        "ix_companies_updated_at",
        "ix_contacts_name",
        "ix_contacts_updated_at",
        "ix_deals_amount_minor",
        "ix_deals_closed_at",
        "ix_deals_expected_close_on",
        "ix_deals_name",
        "ix_deals_updated_at",
        "ix_leads_name",
        "ix_leads_updated_at",
        "ix_memos_updated_at",
        "ix_pipelines_position",
        "ix_pipelines_updated_at",
        "ix_projects_due_on",
        "ix_projects_name",
        "ix_projects_updated_at",
        "ix_requests_due_at",
        "ix_requests_name",
        "ix_requests_updated_at",
        "ix_stages_position",
        "ix_stages_updated_at",
        "ix_tasks_due_at",
        "ix_tasks_updated_at",
    ):
        op.drop_index_online(name, schema="crm")


def downgrade() -> None:
    op.drop_index(
        "ix_tasks_search",
        table_name="tasks",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_tasks_by_updated_at", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_by_due_at", table_name="tasks", schema="crm")
    op.create_index(
        op.f("ix_tasks_updated_at"),
        "tasks",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_tasks_due_at"),
        "tasks",
        ["tenant_id", "due_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index("ix_stages_by_updated_at", table_name="stages", schema="crm")
    op.drop_index("ix_stages_by_position", table_name="stages", schema="crm")
    op.create_index(
        op.f("ix_stages_updated_at"),
        "stages",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_stages_position"),
        "stages",
        ["tenant_id", "position", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_requests_search",
        table_name="requests",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_requests_by_updated_at", table_name="requests", schema="crm")
    op.drop_index("ix_requests_by_name", table_name="requests", schema="crm")
    op.drop_index("ix_requests_by_due_at", table_name="requests", schema="crm")
    op.create_index(
        op.f("ix_requests_updated_at"),
        "requests",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_requests_name"),
        "requests",
        ["tenant_id", "name", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_requests_due_at"),
        "requests",
        ["tenant_id", "due_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_projects_search",
        table_name="projects",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_projects_by_updated_at", table_name="projects", schema="crm")
    op.drop_index("ix_projects_by_name", table_name="projects", schema="crm")
    op.drop_index("ix_projects_by_due_on", table_name="projects", schema="crm")
    op.create_index(
        op.f("ix_projects_updated_at"),
        "projects",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_projects_name"),
        "projects",
        ["tenant_id", "name", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_projects_due_on"),
        "projects",
        ["tenant_id", "due_on", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_pipelines_search",
        table_name="pipelines",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_pipelines_by_updated_at", table_name="pipelines", schema="crm")
    op.drop_index("ix_pipelines_by_position", table_name="pipelines", schema="crm")
    op.create_index(
        op.f("ix_pipelines_updated_at"),
        "pipelines",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_pipelines_position"),
        "pipelines",
        ["tenant_id", "position", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_memos_search",
        table_name="memos",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_memos_by_updated_at", table_name="memos", schema="crm")
    op.create_index(
        op.f("ix_memos_updated_at"),
        "memos",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_leads_search",
        table_name="leads",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_leads_by_updated_at", table_name="leads", schema="crm")
    op.drop_index("ix_leads_by_name", table_name="leads", schema="crm")
    op.create_index(
        op.f("ix_leads_updated_at"),
        "leads",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_leads_name"), "leads", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.drop_index(
        "ix_deals_search",
        table_name="deals",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_deals_by_updated_at", table_name="deals", schema="crm")
    op.drop_index("ix_deals_by_name", table_name="deals", schema="crm")
    op.drop_index("ix_deals_by_expected_close_on", table_name="deals", schema="crm")
    op.drop_index("ix_deals_by_closed_at", table_name="deals", schema="crm")
    op.drop_index("ix_deals_by_amount_minor", table_name="deals", schema="crm")
    op.create_index(
        op.f("ix_deals_updated_at"),
        "deals",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_deals_name"), "deals", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        op.f("ix_deals_expected_close_on"),
        "deals",
        ["tenant_id", "expected_close_on", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_deals_closed_at"),
        "deals",
        ["tenant_id", "closed_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_deals_amount_minor"),
        "deals",
        ["tenant_id", "amount_minor", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_contacts_search",
        table_name="contacts",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_contacts_by_updated_at", table_name="contacts", schema="crm")
    op.drop_index("ix_contacts_by_name", table_name="contacts", schema="crm")
    op.create_index(
        op.f("ix_contacts_updated_at"),
        "contacts",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_contacts_name"),
        "contacts",
        ["tenant_id", "name", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_companies_search",
        table_name="companies",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_companies_by_updated_at", table_name="companies", schema="crm")
    op.drop_index("ix_companies_by_name", table_name="companies", schema="crm")
    op.create_index(
        op.f("ix_companies_updated_at"),
        "companies",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index("ix_chat_threads_by_last_message_at", table_name="chat_threads", schema="crm")
    op.create_index(
        op.f("ix_chat_threads_last_message_at"),
        "chat_threads",
        ["tenant_id", "last_message_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.drop_index(
        "ix_chat_messages_search",
        table_name="chat_messages",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_chat_messages_object_type", table_name="chat_messages", schema="crm")
