"""The record of releases: `releases.toml`."""

import datetime
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory

from libs.common.db.environment import configuration
from libs.common.runtime.service import Service

RECORD = Path(__file__).with_name("releases.toml")


@dataclass(frozen=True, slots=True)
class Release:
    """A release: its commit, and the last migration of each service in it."""

    version: str
    date: datetime.date
    commit: str
    migrations: Mapping[str, str]

    @property
    def number(self) -> tuple[int, ...]:
        """The version for comparing."""
        return version_number(self.version)


def releases(record: Path = RECORD) -> list[Release]:
    """Every release, oldest first."""
    return [Release(**raw) for raw in tomllib.loads(record.read_text())["release"]]


def latest(record: Path = RECORD) -> Release:
    """The last release: the one that processes may still run while the next is rolled out."""
    return releases(record)[-1]


def version_number(version: str) -> tuple[int, ...]:
    """`0.2.0` as (0, 2, 0).

    Raises:
        ValueError: it is not three numbers.
    """
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"a version is three numbers such as 0.2.0, not {version!r}")
    return tuple(int(part) for part in parts)


def heads(services: Sequence[Service]) -> dict[str, str]:
    """The last migration of each service in this checkout."""
    found = {}
    for service in services:
        head = ScriptDirectory.from_config(configuration(service, None)).get_current_head()
        assert head is not None
        found[service.name] = head
    return found


def add(release: Release, record: Path = RECORD) -> None:
    """Write one more release down."""
    migrations = ", ".join(f'{name} = "{revision}"' for name, revision in release.migrations.items())
    with record.open("a") as file:
        file.write(
            f'\n[[release]]\nversion = "{release.version}"\ndate = {release.date.isoformat()}\n'
            f'commit = "{release.commit}"\nmigrations = {{ {migrations} }}\n'
        )
