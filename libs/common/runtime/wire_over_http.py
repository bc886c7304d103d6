"""The way to a service at an address on the network."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from libs.common.http.client.errors import BadAnswer, CutShort
from libs.common.http.client.origin import Origin
from libs.common.http.connections import CLIENT_IDLE_SECONDS
from libs.common.runtime.wires import Answer, NotReached

CONNECTIONS = 50
CONNECT_SECONDS = 3.0


class OverHttp:
    """A service at an address: connections are kept for less time than their server keeps them."""

    def __init__(self, base: str) -> None:
        self._origin = Origin(
            base, connections=CONNECTIONS, idle_seconds=CLIENT_IDLE_SECONDS, connect_seconds=CONNECT_SECONDS
        )

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
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        try:
            async with asyncio.timeout(timeout):
                answer = await self._origin.request(method.encode(), f"{path}{query}".encode(), raw, body)
                try:
                    content = await answer.read()
                finally:
                    answer.close()
        # A connection that takes too long to come about is one that was not made.
        except (ConnectionError, BadAnswer, CutShort) as error:
            raise NotReached from error
        return Answer(answer.status, content)

    async def close(self) -> None:
        """See `Wire`."""
        self._origin.close()
