"""The alembic environment of the payments schema."""
