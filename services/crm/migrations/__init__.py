"""The alembic environment of the crm schema."""
