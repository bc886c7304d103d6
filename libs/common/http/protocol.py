"""The HTTP/1.1 server of every process: stops without losing a request, and answers what is no HTTP with a problem."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from libs.common.errors import BadRequest
from libs.common.http.answering import Answering
from libs.common.http.connections import DRAIN_SECONDS
from libs.common.http.problems import MEDIA_TYPE, problem_body

log = logging.getLogger("pillars.http")

_BODY = orjson.dumps(problem_body("gateway", BadRequest("This is not valid HTTP/1.1.")))
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
    % (MEDIA_TYPE.encode(), len(_BODY), _BODY)
)
_LOOK_SECONDS = 0.02
_TICK_SECONDS = 1.0


class State(ServerState):
    """What all connections of a server share; `is_draining` from the moment it was asked to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.is_draining = False


class HttpProtocol(HttpToolsProtocol):
    """Reads requests; closes the connection on what could be read in two ways, such as two lengths of one body."""

    server_state: State

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read."""
        self.transport.write(_ANSWER)
        self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection, perhaps one that waited while the server was asked to stop."""
        super().connection_made(cast(asyncio.Transport, transport))
        if self.server_state.is_draining:
            self.shutdown()

    def on_headers_complete(self) -> None:
        """A request begins: while stopping, it is the last one on its connection."""
        super().on_headers_complete()
        if self.server_state.is_draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """A request is answered: begin the one that waits behind it, where there is one."""
        if self.server_state.is_draining:
            super().on_response_complete()
            return
        # As the library does it, but for its timer of idle connections: the connection table keeps their time, and a
        # timer for each answer would be a twentieth of it.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        answering: Any = Answering(app, cycle)
        super()._start_asgi_task(cycle, answering)

    def shutdown(self) -> None:
        """Begin to stop: see `libs.common.http.connections`."""
        self.timeout_keep_alive = DRAIN_SECONDS
        if self.cycle is None or self.cycle.response_complete:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                DRAIN_SECONDS, self.timeout_keep_alive_handler
            )
        elif not self.cycle.response_started:
            self.cycle.keep_alive = False
        # An answer that has begun promised to keep the connection, so it goes on as an idle one.


class Server(uvicorn.Server):
    """A server that leaves signals to whoever runs the process, and stops as `libs.common.http.connections` says."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._asked_to_stop = asyncio.Event()
        super().__init__(config)
        self.server_state: State = State()
        self.begun = asyncio.Event()

    @property
    def should_exit(self) -> bool:
        """Whether it was asked to stop."""
        return self._asked_to_stop.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._asked_to_stop.set()
        else:
            self._asked_to_stop.clear()

    async def main_loop(self) -> None:
        """Write the date for the answers once a second until asked to stop; the library looks ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._asked_to_stop.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        try:
            await super().startup(sockets)
        finally:
            self.begun.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, finish the requests in hand within the limit of the configuration."""
        state = self.server_state
        state.is_draining = True
        # Copies, since closing the last one would reset the connections that wait in the backlog.
        waiting = [listener.dup() for listener in sockets or ()]
        for server in self.servers:
            server.close()
        for connection in list(state.connections):
            connection.shutdown()
        # The event loop lets go of a listening socket in its next round.
        await asyncio.sleep(0)
        for listener in sockets or ():
            listener.close()
        await self._take_in(waiting)
        loop = asyncio.get_running_loop()
        limit = loop.time() + (self.config.timeout_graceful_shutdown or 0)
        while (state.connections or state.tasks) and loop.time() < limit:  # noqa: ASYNC110 - they set no event
            await asyncio.sleep(_LOOK_SECONDS)
        if state.tasks:
            log.warning("%d requests were given up at the stop", len(state.tasks))
            for task in state.tasks:
                task.cancel(msg="the process is stopping")

    async def _take_in(self, listeners: Sequence[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for listener in listeners:
            with listener:
                listener.setblocking(False)
                while True:
                    try:
                        connection, _ = listener.accept()
                    except OSError:
                        break
                    connection.setblocking(False)
                    await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
