"""The alembic environment of the catalog schema."""
