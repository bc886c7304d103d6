"""The alembic environment of the notifications schema."""
