"""The way to a service at an address on the network."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from libs.common.http.connections import CLIENT_IDLE_SECONDS
from libs.common.runtime.wires import Answer, NotReached

CONNECTIONS = 50
CONNECT_SECONDS = 3.0


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
