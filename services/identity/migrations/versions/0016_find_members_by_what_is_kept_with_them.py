"""Find members by what is kept with them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ACCEPTED = {
    "tighter": "the triggers refuse nothing: they copy beside what is written what lists look at of an account"
}

# An account belongs to no business, and its change concerns the memberships in all of them. The lock lets a new
# membership wait for a change of the account that is under way.
FUNCTIONS = (
    """
CREATE FUNCTION identity.copy_person() RETURNS trigger LANGUAGE plpgsql SET "app.scope" = 'platform' AS $$
BEGIN
    SELECT u.email, trim(u.first_name || ' ' || u.last_name), u.is_active
    INTO NEW.person_email, NEW.person_name, NEW.person_is_active
    FROM identity.users u WHERE u.id = NEW.user_id FOR SHARE;
    RETURN NEW;
END $$
""",
    """
CREATE FUNCTION identity.copy_person_again() RETURNS trigger LANGUAGE plpgsql SET "app.scope" = 'platform' AS $$
BEGIN
    UPDATE identity.members SET person_email = NEW.email WHERE user_id = NEW.id;
    RETURN NULL;
END $$
""",
)
TRIGGERS = (
    ("copy_person", "members", "BEFORE INSERT OR UPDATE OF person_email", "", "copy_person"),
    (
        "copy_person_again",
        "users",
        "AFTER UPDATE",
        "WHEN (OLD.email IS DISTINCT FROM NEW.email OR OLD.first_name IS DISTINCT FROM NEW.first_name"
        " OR OLD.last_name IS DISTINCT FROM NEW.last_name OR OLD.is_active IS DISTINCT FROM NEW.is_active)",
        "copy_person_again",
    ),
)


def upgrade() -> None:
    op.add_column("members", sa.Column("person_email", sa.Text(), nullable=True), schema="identity")
    op.add_column("members", sa.Column("person_name", sa.Text(), nullable=True), schema="identity")
    op.add_column("members", sa.Column("person_is_active", sa.Boolean(), nullable=True), schema="identity")
    for function in FUNCTIONS:
        op.execute(function.strip())
    for name, table, when, condition, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} {when} ON identity.{table} FOR EACH ROW {condition} "
            f"EXECUTE FUNCTION identity.{function}()"
        )
    op.create_index_online(
        "ix_members_uncopied",
        "members",
        ["tenant_id", "id"],
        schema="identity",
        postgresql_where=sa.text("person_email IS NULL"),
    )
    op.create_index_online(
        "ix_members_person_is_active",
        "members",
        ["tenant_id", "person_is_active", "created_at", "id"],
        schema="identity",
    )
    op.create_index_online(
        "ix_members_search",
        "members",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[person_name, person_email])")],
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.execute("ALTER INDEX identity.ix_members_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    for index in ("ix_members_search", "ix_members_person_is_active", "ix_members_uncopied"):
        op.drop_index(index, table_name="members", schema="identity")
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON identity.{table}")
    for function in ("copy_person", "copy_person_again"):
        op.execute(f"DROP FUNCTION identity.{function}()")
    for column in ("person_is_active", "person_name", "person_email"):
        op.drop_column("members", column, schema="identity")
