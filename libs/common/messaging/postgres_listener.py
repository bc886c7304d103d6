"""Hears broadcast events over LISTEN, from the broker in Postgres."""

import asyncio
from collections.abc import Callable, Sequence

import orjson
import psycopg

from libs.common.messaging.connection import Connection, connect, without_driver
from libs.common.messaging.listening import Hear, broadcast_channel


class PostgresListener:
    """One connection to the database of the bus."""

    def __init__(self, url: str, *, namespace: str = "pillars") -> None:
        self._url = without_driver(url)
        self._channel = broadcast_channel(namespace)
        self._checks: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._is_listening = False

    async def listen(self, types: Sequence[str], hear: Hear, begun: Callable[[], None]) -> None:
        """See `Listener`."""
        wanted = frozenset(types)

        def told(payload: str | bytes) -> None:
            message = orjson.loads(payload)
            if message["type"] in wanted:
                hear(message["type"], message["data"])

        try:
            connection = await connect(self._url, "pillars-listener")
            try:
                connection.add_notify_handler(lambda notification: told(notification.payload))
                await connection.execute(f'LISTEN "{self._channel}"')
                self._is_listening = True
                begun()
                while True:
                    await self._rest(connection, told)
                    await self._answer(connection)
            finally:
                self._is_listening = False
                self._give_up()
                await connection.close()
        except (psycopg.Error, OSError) as error:
            raise ConnectionError(f"the bus cannot be listened to: {error}") from error

    async def check(self) -> None:
        """See `Listener`."""
        if not self._is_listening:
            raise ConnectionError("nobody listens to the bus")
        asked = asyncio.get_running_loop().create_future()
        self._checks.append(asked)
        self._wake.set()
        await asked

    async def _rest(self, connection: Connection, told: Callable[[bytes], None]) -> None:
        """Take notifications off the socket as they come, until an answer is wanted."""
        loop, descriptor = asyncio.get_running_loop(), connection.fileno()
        lost: list[psycopg.Error] = []

        def readable() -> None:
            try:
                connection.pgconn.consume_input()
                while notification := connection.pgconn.notifies():
                    told(notification.extra)
            except psycopg.Error as error:
                lost.append(error)
                loop.remove_reader(descriptor)
                self._wake.set()

        loop.add_reader(descriptor, readable)
        try:
            await self._wake.wait()
        finally:
            loop.remove_reader(descriptor)
        self._wake.clear()
        if lost:
            raise lost[0]

    async def _answer(self, connection: Connection) -> None:
        # What was notified before comes before the answer.
        asked, self._checks = self._checks, []
        try:
            if asked:
                await connection.execute("SELECT 1")
        except BaseException:
            self._checks = asked + self._checks
            raise
        for one in asked:
            if not one.done():
                one.set_result(None)

    def _give_up(self) -> None:
        asked, self._checks = self._checks, []
        for one in asked:
            if not one.done():
                one.set_exception(ConnectionError("the connection to the bus was lost"))
