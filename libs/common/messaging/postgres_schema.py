"""The tables of the Postgres broker, in a schema that only its own role can reach."""

from sqlalchemy import Connection

SCHEMA = "bus"

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
    # How often a lease ran out: whoever held it died, or stood still for longer than the lease.
    f"ALTER TABLE {SCHEMA}.delivery ADD COLUMN IF NOT EXISTS lost integer NOT NULL DEFAULT 0",
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
