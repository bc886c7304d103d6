"""Makes and checks a Postgres data directory; never starts a server."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from libs.common.runtime.embedded.child import launch_command, run
from libs.common.runtime.embedded.errors import DataDirUnusable, EmbeddedServerError
from libs.common.runtime.embedded.private_file import secret_in

SUPERUSER = "postgres"
_PASSWORD_FILE = "superuser_password"
_BUILTIN_LOCALE_SINCE = 17


def ensure_cluster(data_dir: Path, bin_dir: Path, major: int, *, identity: str, durable: bool) -> str:
    """Make `data_dir` a cluster of this major version unless it is one, and return the superuser's password.

    The caller holds the directory's lock. A directory appears under its final name only when it is complete.

    Raises:
        DataDirUnusable: another major version, foreign files, or a missing password file.
    """
    for leftover in data_dir.parent.glob(f".{data_dir.name}.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if not (data_dir / "PG_VERSION").exists():
        if data_dir.exists() and any(data_dir.iterdir()):
            raise DataDirUnusable(
                f"{data_dir} is not empty and holds no Postgres data; choose another directory."
            )
        _create(data_dir, bin_dir, major, identity=identity, durable=durable)
    _check_version(data_dir, bin_dir, major)
    hand_over(data_dir, identity)
    try:
        return (data_dir / _PASSWORD_FILE).read_text()
    except FileNotFoundError:
        raise DataDirUnusable(
            f"{data_dir} has no {_PASSWORD_FILE}: it was not made by this program, or the file was lost. "
            f"Write the password of the role {SUPERUSER!r} into that file (mode 0600, no newline)."
        ) from None


def hand_over(path: Path, identity: str) -> None:
    """Give the tree to the user of a "<uid>:<gid>" identity; nothing to do for the other identities."""
    if ":" not in identity:
        return
    uid, gid = (int(part) for part in identity.split(":"))
    if path.stat().st_uid == uid:
        return
    # The top directory last: its owner says that the work below is done.
    for directory, _, files in os.walk(path, topdown=False):
        for name in files:
            os.lchown(os.path.join(directory, name), uid, gid)
        os.chown(directory, uid, gid)


def _check_version(data_dir: Path, bin_dir: Path, major: int) -> None:
    found = (data_dir / "PG_VERSION").read_text().strip()
    if found != str(major):
        raise DataDirUnusable(
            f"{data_dir} was made by Postgres {found}, but {bin_dir} holds Postgres {major}. Point PG_BIN at a "
            f"Postgres {found}, or dump the data there and load it into a new directory."
        )


def _create(data_dir: Path, bin_dir: Path, major: int, *, identity: str, durable: bool) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f".{data_dir.name}.new-", dir=data_dir.parent))
    try:
        password_file = staging / _PASSWORD_FILE
        secret_in(password_file)
        new = staging / "data"
        new.mkdir(mode=0o700)
        hand_over(staging, identity)
        command: list[str | Path] = [
            bin_dir / "initdb",
            f"--pgdata={new}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *_locale(major),
        ]
        if not durable:
            command.append("--no-sync")
        answer = run(
            launch_command(command, death_signal=signal.SIGINT, identity=identity),
            cwd=staging,
            env=server_environment(),
        )
        if answer.returncode != 0:
            raise EmbeddedServerError(f"initdb failed for {data_dir}:\n{answer.stdout}{answer.stderr}")
        os.rename(password_file, new / _PASSWORD_FILE)
        os.rename(new, data_dir)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _locale(major: int) -> list[str]:
    # Both sort by code point on every machine, so an index made here is right on the production image too.
    if major >= _BUILTIN_LOCALE_SINCE:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]


def server_environment() -> dict[str, str]:
    """Return our environment without libpq's and the server's own variables, and with English messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}
