"""Plain psycopg connections for the relay and the Postgres broker, where SQLAlchemy's cost would show."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.common.db.passwords import Connection as AnyPasswordConnection
from libs.common.messaging.waiting import wait_for

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

# A server that vanished without a word is noticed within about 20 s.
SESSION: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
_OPTIONS = "-c statement_timeout=30000 -c timezone=UTC"


def plain_url(engine: AsyncEngine) -> str:
    """The URL of an engine without SQLAlchemy's driver name, with its password."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def without_driver(url: str) -> str:
    """A URL as libpq reads it, whatever driver it names."""
    return f"postgresql://{url.partition('://')[2]}"


def read_json(text: bytes | str) -> Any:
    """A JSON column, with orjson. A number that no float holds is read as the largest: it must not keep others waiting."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text, parse_int=_bounded, parse_float=_bounded)


def _bounded(digits: str) -> float:
    most = sys.float_info.max
    return min(most, max(-most, float(digits)))


async def connect(url: str, application: str, *, options: str = "") -> Connection:
    """An autocommit connection that reads JSON columns as `read_json` does.

    Raises:
        psycopg.OperationalError: the server does not answer within 5 s.
    """
    connection = await AnyPasswordConnection.connect(
        url, application_name=application, options=f"{_OPTIONS} {options}", **SESSION
    )
    set_json_loads(read_json, connection)
    return connection


async def prepare(connection: Connection) -> None:
    """Make a pooled connection read JSON columns as `read_json` does."""
    set_json_loads(read_json, connection)


async def idle(
    connection: Connection, wake: asyncio.Event, seconds: float, *, on_notify: Callable[[], None]
) -> bool:
    """Wait to be woken, listening on a connection that nobody uses meanwhile; return whether `wake` is set.

    `on_notify` is called for notifications and may set it.

    Raises:
        psycopg.OperationalError: the server closed the connection.
    """
    loop = asyncio.get_running_loop()
    descriptor = connection.fileno()
    lost: list[psycopg.Error] = []

    def readable() -> None:
        try:
            connection.pgconn.consume_input()
        except psycopg.Error as error:
            lost.append(error)
            loop.remove_reader(descriptor)
            wake.set()
            return
        if connection.pgconn.notifies():
            while connection.pgconn.notifies():
                pass
            on_notify()

    loop.add_reader(descriptor, readable)
    try:
        woken = await wait_for(wake, seconds)
    finally:
        loop.remove_reader(descriptor)
    if lost:
        raise lost[0]
    return woken


def lock_key(name: str) -> int:
    """A number for `pg_advisory_lock`, the same in every process."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
