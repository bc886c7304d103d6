"""The alembic environment of the identity schema."""
