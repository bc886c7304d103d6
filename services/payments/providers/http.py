"""The HTTP client of this service for calls to the outside."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from libs.common.runtime.context import ServiceContext

if TYPE_CHECKING:
    import httpx


class HttpClient:
    """Pooled connections; it follows no redirects and knows no proxy. Made at the first call: library and
    certificates hold 6 MB.
    """

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def post(
        self, url: str, *, content: bytes, headers: Mapping[str, str], timeout: float
    ) -> "httpx.Response":
        """Send a body.

        Raises:
            httpx.HTTPError: no answer came in time.
            httpx.InvalidURL: there is no such address.
        """
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False)
        return await self._client.post(url, content=content, headers=headers, timeout=timeout)

    async def close(self) -> None:
        """Release the connections."""
        if self._client is not None:
            await self._client.aclose()


@asynccontextmanager
async def open_http(context: ServiceContext) -> AsyncIterator[HttpClient]:
    """The client for the life of the process."""
    client = HttpClient()
    try:
        yield client
    finally:
        await client.close()
