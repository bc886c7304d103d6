"""The alembic environment of the analytics schema."""
