"""Makes the database of an installation."""

import psycopg
from psycopg import sql


def create_database(server_url: str, name: str) -> str:
    """Make a database on a server unless it is there, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server_url.rpartition("/")[0] + f"/{name}"
