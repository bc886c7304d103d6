"""The two ways to another service: an ASGI app in this process, or an address on the network."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
import httpx
import orjson
from yarl import URL

from libs.common.http.connections import CLIENT_IDLE_SECONDS

CONNECTIONS = 50
CONNECT_SECONDS = 3.0


class NotReached(Exception):
    """No answer came; whether the request was done is not known."""


class Answer:
    """What a service answered, read to its end."""

    __slots__ = ("content", "headers", "status_code")

    def __init__(self, status_code: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = content

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return orjson.loads(self.content)


class Wire(Protocol):
    """A way to one service."""

    async def send(
        self,
        method: str,
        path: str,
        params: Any,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
    ) -> Answer:
        """Send a request and read the whole answer.

        Raises:
            TimeoutError: it took longer than `timeout` seconds.
            NotReached: no answer came.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class InProcess:
    """A service that is an ASGI app here."""

    def __init__(self, name: str, app: Any) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=f"http://{name}")

    async def send(
        self,
        method: str,
        path: str,
        params: Any,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
    ) -> Answer:
        """See `Wire`; an app in this process has no time limit but its own."""
        try:
            answer = await self._client.request(method, path, params=params, headers=headers, content=body)
        except httpx.TransportError as error:
            raise NotReached from error
        return Answer(answer.status_code, answer.headers, answer.content)

    async def close(self) -> None:
        """See `Wire`."""
        await self._client.aclose()


class OverHttp:
    """A service at an address: pooled connections that are kept for less time than their server keeps them."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, keepalive_timeout=CLIENT_IDLE_SECONDS, ttl_dns_cache=10
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        # The library would repeat PUT and DELETE of its own accord; what is repeated is decided by the caller.
        self._session._retry_connection = False

    async def send(
        self,
        method: str,
        path: str,
        params: Any,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
    ) -> Answer:
        """See `Wire`."""
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        limits = aiohttp.ClientTimeout(total=timeout, connect=min(timeout, CONNECT_SECONDS))
        try:
            async with self._session.request(
                method,
                URL(f"{self._base}{path}{query}", encoded=True),
                data=body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
            ) as answer:
                return Answer(answer.status, answer.headers, await answer.read())
        # A connection that takes too long to come about is one that was not made.
        except aiohttp.ConnectionTimeoutError as error:
            raise NotReached from error
        except (aiohttp.ClientError, ConnectionError) as error:
            if isinstance(error, TimeoutError):
                raise TimeoutError from error
            raise NotReached from error

    async def close(self) -> None:
        """See `Wire`."""
        await self._session.close()
