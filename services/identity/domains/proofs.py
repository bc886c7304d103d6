"""What the world shows of a host name: the texts of its DNS, and a file of its site.

Both are arguments of the service (`context.resources["proofs"]`), and have little time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from libs.common.runtime.context import ServiceContext

# A proof is a line; whoever sends more is not read to the end.
_MOST_BYTES = 4_096


class Proofs(Protocol):
    """Where proofs are looked for."""

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name; none where there are none or they cannot be read."""
        ...

    async def file(self, url: str) -> str | None:
        """The first few thousand bytes of a file on the web; None where it cannot be read."""
        ...


class PublicProofs:
    """The DNS and the web. Requests go to public addresses only, and follow no redirect."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name."""
        import dns.asyncresolver
        import dns.exception

        try:
            answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=self._seconds)
        except (dns.exception.DNSException, OSError, ValueError):
            return []
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    async def file(self, url: str) -> str | None:
        """A file on the web."""
        import httpx

        from libs.common.http.outside import outside_transport

        found = b""
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpx.AsyncClient(transport=outside_transport(), timeout=self._seconds) as client,
                # What is read is compared as it comes.
                client.stream(
                    "GET", url, headers={"Accept-Encoding": "identity"}, follow_redirects=False
                ) as response,
            ):
                if response.status_code != 200:
                    return None
                async for chunk in response.aiter_raw():
                    found += chunk
                    if len(found) >= _MOST_BYTES:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError):
            return None
        return found[:_MOST_BYTES].decode("utf-8", "replace")


@asynccontextmanager
async def open_proofs(context: ServiceContext) -> AsyncIterator[PublicProofs]:
    """The proofs of this process."""
    yield PublicProofs(context.settings.domain_proof_seconds)
