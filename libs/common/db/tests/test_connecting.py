"""A connection that takes too long is tried once more before anybody is told that there is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url, text

from libs.common.db.background import Background
from libs.common.db.engine import make_engine


class SlowServer:
    """Stands before a server and leaves the first who come without an answer."""

    def __init__(self, url: str, unanswered: int) -> None:
        self._url = make_url(url)
        self._unanswered = unanswered
        self.came = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The URL by which it is reached."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        here = self._url.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        async with server:
            yield here.render_as_string(hide_password=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        if self.came <= self._unanswered:
            # Until the caller gives up.
            await reader.read()
            writer.close()
            return
        theirs, ours = await asyncio.open_connection(self._url.host, self._url.port)
        await asyncio.gather(_pass_on(reader, ours), _pass_on(theirs, writer))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while heard := await source.read(65536):
        target.write(heard)
    target.close()


async def test_a_server_that_did_not_answer_in_time_is_asked_once_more(postgres_url: str) -> None:
    slow = SlowServer(postgres_url, unanswered=1)
    async with slow.serving() as url:
        engine = make_engine(url, background=Background("test", 1))
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
        await engine.dispose()
    assert slow.came == 2
