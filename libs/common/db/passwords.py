"""Several passwords of one role, for the time in which the key they come from is exchanged.

Postgres knows one password of a role. While a key is exchanged, processes may know that of the old key and that of the
new: they try the others when the server refuses one. A URL then carries them all.
"""

from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_SEPARATOR = "\x1f"


def join(passwords: list[str]) -> str:
    """What a URL carries as its password."""
    return _SEPARATOR.join(passwords)


class Passwords:
    """The passwords in a URL, the one that worked last at first."""

    def __init__(self, joined: str) -> None:
        self._all = joined.split(_SEPARATOR)

    def __len__(self) -> int:
        return len(self._all)

    def in_order(self) -> list[str]:
        """Those to try, in this order."""
        return list(self._all)

    def worked(self, password: str) -> None:
        """Try this one first from now on."""
        self._all.remove(password)
        self._all.insert(0, password)


class Connection(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that tries each password its URL carries."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect, or raise what the last try raised."""
        joined = str(conninfo_to_dict(conninfo).get("password") or "")
        if _SEPARATOR not in joined:
            return await super().connect(conninfo, **options)
        failure: psycopg.OperationalError | None = None
        for password in Passwords(joined).in_order():
            try:
                return await super().connect(make_conninfo(conninfo, password=password), **options)
            except psycopg.OperationalError as error:
                failure = error
        assert failure is not None
        raise failure
