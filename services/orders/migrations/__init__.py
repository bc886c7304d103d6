"""The alembic environment of the orders schema."""
