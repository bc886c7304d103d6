"""The way to a service that is an ASGI app in this process."""

from collections.abc import Mapping
from typing import Any

import httpx

from libs.common.runtime.wires import Answer, NotReached


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
        return Answer(answer.status_code, answer.content)

    async def close(self) -> None:
        """See `Wire`."""
        await self._client.aclose()
