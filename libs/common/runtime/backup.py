"""Backups: one consistent dump of all schemas with a manifest beside it, and the way back from it.

The manifest says what is in the dump, counted in the very snapshot that was dumped, so that a restore can be checked.
Keys are not in it, only their fingerprints.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from libs.common.crypto import KeyRing
from libs.common.db.migrate import migrate
from libs.common.messaging.postgres_schema import SCHEMA as BUS
from libs.common.runtime.postgres_tools import find_tool, run_tool, server_major
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings

Report = Callable[[str], None]

FORMAT = 1
# Every policy lets this scope see all rows; needed where the administrator is no superuser.
_PLATFORM = "-c app.scope=platform"


class BackupFailed(Exception):
    """A backup cannot be made, or must not be restored; the text says why."""


@dataclass(frozen=True)
class Manifest:
    """What a dump holds.

    Attributes:
        rows: the number of rows by table (`schema.table`).
        revisions: the last migration by service.
        pending: events that were committed and not yet published.
        keys: fingerprints of the encryption keys by their id; values in the dump can be read with these.
    """

    format: int
    made_at: str
    database: str
    postgres: int
    bytes: int
    sha256: str
    rows: dict[str, int]
    revisions: dict[str, str]
    pending: int
    keys: dict[str, str]


def manifest_path(dump: Path) -> Path:
    """Where the manifest of a dump is."""
    return dump.with_name(dump.name + ".json")


def read_manifest(dump: Path) -> Manifest:
    """The manifest of a dump.

    Raises:
        BackupFailed: it is not there, or is not one.
    """
    try:
        raw: dict[str, Any] = json.loads(manifest_path(dump).read_text())
        return Manifest(**raw)
    except OSError:
        raise BackupFailed(
            f"{manifest_path(dump)} is missing: it was made together with the dump and says what is in it"
        ) from None
    except (ValueError, TypeError) as error:
        raise BackupFailed(f"{manifest_path(dump)} cannot be read: {error}") from None


def back_up(services: Sequence[Service], common: CommonSettings, dump: Path) -> Manifest:
    """Write a dump (pg_dump's custom format) and its manifest; the suite may run on meanwhile.

    Both files are readable by their owner only, and appear under their names when they are whole.

    Raises:
        BackupFailed: the file exists, or the database holds no suite.
        ToolFailed: pg_dump failed.
    """
    if dump.exists():
        raise BackupFailed(f"{dump} exists; backups are never written over")
    dump.parent.mkdir(parents=True, exist_ok=True)
    draft = dump.with_name(f".{dump.name}.{os.getpid()}")
    schemas = [service.name for service in services]
    with psycopg.connect(common.database_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SELECT set_config('app.scope', 'platform', true)")
        # What is counted and what is dumped is one snapshot.
        (snapshot,) = _row(connection.execute("SELECT pg_export_snapshot()"))
        (made_at, database) = _row(
            connection.execute(
                "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), current_database()"
            )
        )
        revisions = _revisions(connection, schemas)
        if not revisions:
            raise BackupFailed(f"the database {database!r} holds no migrated service")
        major = server_major(connection)
        arguments: list[str | Path] = ["--format=custom", f"--snapshot={snapshot}", f"--file={draft}"]
        if not _sees_all(connection):
            arguments.append("--enable-row-security")
        try:
            draft.touch(mode=0o600)
            run_tool(find_tool("pg_dump", major), arguments, common.database_url, options=_PLATFORM)
            manifest = Manifest(
                format=FORMAT,
                made_at=made_at,
                database=database,
                postgres=major,
                bytes=draft.stat().st_size,
                sha256=_digest(draft),
                rows=count_rows(connection, [*schemas, BUS]),
                revisions=revisions,
                pending=sum(_pending(connection, schema) for schema in revisions),
                keys=_ring(common).fingerprints(),
            )
            _write(manifest_path(dump), json.dumps(asdict(manifest), indent=2) + "\n")
            _sync(draft)
            draft.replace(dump)
        finally:
            draft.unlink(missing_ok=True)
    return manifest


def restore(
    services: Sequence[Service],
    common: CommonSettings,
    dump: Path,
    *,
    replace: bool = False,
    jobs: int = 1,
    report: Report = lambda _: None,
) -> Manifest:
    """Read a dump into the database of DATABASE_URL, then make roles and grants and bring the tables up to date.

    The database is made where it is absent. It must be empty; with `replace` one that is not is dropped first, with
    all connections to it. With one of `jobs` it is one transaction: all of it or nothing.

    Raises:
        BackupFailed: files that do not belong together, a missing encryption key, data in the database, a dump of
            a newer release, or rows that did not arrive. Nothing was changed, except in the last case.
        ToolFailed: pg_restore failed.
    """
    manifest = read_manifest(dump)
    _check_files(dump, manifest)
    _check_keys(_ring(common), manifest)
    _check_revisions(services, manifest)
    report(f"files, keys and release fit (made {manifest.made_at})")
    schemas = [service.name for service in services]
    _make_empty(common.database_url, [*schemas, BUS], replace=replace)
    with psycopg.connect(common.database_url) as connection:
        major = server_major(connection)
    # Grants are made anew below: the roles of this installation may have other names.
    arguments: list[str | Path] = ["--no-owner", "--no-privileges", "--exit-on-error"]
    arguments += ["--single-transaction"] if jobs == 1 else [f"--jobs={jobs}"]
    database = psycopg.conninfo.conninfo_to_dict(common.database_url)["dbname"]
    started = time.monotonic()
    run_tool(
        find_tool("pg_restore", major),
        [*arguments, f"--dbname={database}", dump],
        common.database_url,
        options=_PLATFORM,
    )
    with psycopg.connect(common.database_url) as connection:
        connection.execute("SELECT set_config('app.scope', 'platform', true)")
        arrived = count_rows(connection, [*schemas, BUS])
    if arrived != manifest.rows:
        wrong = [
            f"{name} {arrived.get(name, 0)} of {rows}"
            for name, rows in manifest.rows.items()
            if arrived.get(name) != rows
        ]
        raise BackupFailed(f"not every row arrived: {', '.join(wrong[:10])}")
    report(f"{sum(arrived.values())} rows in {len(arrived)} tables, {time.monotonic() - started:.1f} s")
    migrate(services, common)
    with psycopg.connect(common.database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    report("roles, grants and policies made; tables up to date")
    return manifest


def count_rows(connection: psycopg.Connection, schemas: Sequence[str]) -> dict[str, int]:
    """The number of rows of every table in these schemas, as `schema.table`."""
    tables = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = ANY(%s) ORDER BY 1, 2",
        [list(schemas)],
    ).fetchall()
    found = {}
    for schema, table in tables:
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        (found[f"{schema}.{table}"],) = _row(connection.execute(statement))
    return found


def _row(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = cursor.fetchone()
    assert row is not None
    return row


def _revisions(connection: psycopg.Connection, schemas: Sequence[str]) -> dict[str, str]:
    found = {}
    for schema in schemas:
        (table,) = _row(connection.execute("SELECT to_regclass(%s)", [f'"{schema}".alembic_version']))
        if table is not None:
            version = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(schema, "alembic_version"))
            (found[schema],) = _row(connection.execute(version))
    return found


def _pending(connection: psycopg.Connection, schema: str) -> int:
    statement = sql.SQL("SELECT count(*) FROM {} WHERE published_at IS NULL")
    (count,) = _row(connection.execute(statement.format(sql.Identifier(schema, "outbox"))))
    return int(count)


def _sees_all(connection: psycopg.Connection) -> bool:
    (answer,) = _row(
        connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    )
    return bool(answer)


def _ring(common: CommonSettings) -> KeyRing:
    return KeyRing.parse(common.encryption_keys.get_secret_value())


def _check_files(dump: Path, manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise BackupFailed(f"the manifest has format {manifest.format}; this release reads {FORMAT}")
    if not dump.exists():
        raise BackupFailed(f"{dump} is missing")
    if dump.stat().st_size != manifest.bytes or _digest(dump) != manifest.sha256:
        raise BackupFailed(f"{dump} is not the file that its manifest describes: it was cut short or changed")


def _check_keys(ring: KeyRing, manifest: Manifest) -> None:
    here = ring.fingerprints()
    missing = [name for name, print_ in manifest.keys.items() if here.get(name) != print_]
    if missing:
        raise BackupFailed(
            f"PILLARS_ENCRYPTION_KEYS lacks the key {', '.join(missing)} that the backup was made with "
            "(or has another under that id): stored credentials and signing keys could not be read"
        )


def _check_revisions(services: Sequence[Service], manifest: Manifest) -> None:
    known = {service.name: service for service in services}
    for name, revision in manifest.revisions.items():
        if name not in known or not list((known[name].migrations / "versions").glob(f"{revision}_*.py")):
            raise BackupFailed(
                f"the backup was made by a newer release: {name} is at migration {revision}, which this one "
                "does not have. Restore it with that release"
            )


def _make_empty(url: str, schemas: Sequence[str], *, replace: bool) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    assert isinstance(name, str)
    with psycopg.connect(psycopg.conninfo.make_conninfo(url, dbname="postgres"), autocommit=True) as server:
        exists = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if exists:
            with psycopg.connect(url) as connection:
                held = connection.execute(
                    "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", [list(schemas)]
                ).fetchall()
            if held and not replace:
                raise BackupFailed(
                    f"the database {name!r} holds data already; restore into another one, or drop what is "
                    "there with --replace"
                )
            if not held:
                return
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
