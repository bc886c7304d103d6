"""The tables of the Postgres broker, in a schema that only its own role can reach."""

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from libs.common.db.migrate import make_role
from libs.common.settings import CommonSettings

SCHEMA = "bus"
_LOCK = 7_152_307  # one at a time in one database

_TABLES = [
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    # One row per event; `envelope` is the structured CloudEvents JSON, kept as it was written.
    f"""
    CREATE TABLE IF NOT EXISTS {SCHEMA}.message (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        namespace text NOT NULL,
        event_id uuid NOT NULL,
        type text NOT NULL,
        envelope json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (namespace, event_id)
    )
    """,
    # One row per queue that is to have it, removed when it has been handled. `claims` is the token of a lease.
    f"""
    CREATE TABLE IF NOT EXISTS {SCHEMA}.delivery (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        queue text NOT NULL,
        message bigint NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        claims integer NOT NULL DEFAULT 0,
        is_leased boolean NOT NULL DEFAULT false,
        available_at timestamptz NOT NULL DEFAULT now()
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)
    """,
    f"CREATE INDEX IF NOT EXISTS ix_delivery_due ON {SCHEMA}.delivery (queue, available_at, id)",
    f"CREATE INDEX IF NOT EXISTS ix_delivery_message ON {SCHEMA}.delivery (message)",
    f"""
    CREATE TABLE IF NOT EXISTS {SCHEMA}.binding (
        namespace text NOT NULL,
        pattern text NOT NULL,
        queue text NOT NULL,
        PRIMARY KEY (namespace, pattern, queue)
    )
    """,
]


def bus_statements(role: str) -> list[str]:
    """The statements that make the tables and let one role use them; harmless when repeated."""
    return [
        *_TABLES,
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
        f'GRANT USAGE ON SCHEMA {SCHEMA} TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO "{role}"',
    ]


def ensure_bus(connection: Connection, role: str) -> None:
    """Make the tables where they are absent; `role` exists, the connection may create schemas."""
    for statement in bus_statements(role):
        connection.exec_driver_sql(statement)


def migrate_bus(settings: CommonSettings) -> None:
    """Make the broker's role and tables where they are absent; safe to run at once from many places."""
    engine = create_engine(settings.sqlalchemy_url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            make_role(connection, settings, SCHEMA)
            ensure_bus(connection, settings.role(SCHEMA))
    finally:
        engine.dispose()
