"""Access tokens for FCM: a signed assertion of the service account, exchanged for a bearer token (RFC 7523)."""

import asyncio
import json
from typing import Any

import httpx

from services.notifications.channels.base import TemporaryFailure


class _Answer:
    """A response in the shape that google-auth reads."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.data = response.content


class AccessTokens:
    """The bearer token of one service account, renewed before it expires.

    `account` is the JSON of a service account or the path of a file with it. Reading it and the libraries it needs
    waits for the first push. google-auth is synchronous, so it runs in a thread and its request comes back to the
    event loop, where the same httpx client makes it that makes the pushes.
    """

    def __init__(self, account: str, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client
        self._lock = asyncio.Lock()
        self._certificate: Any = None

    async def project_id(self) -> str:
        """The Firebase project of the account."""
        return str((await self._load()).project_id)

    async def get(self, *, stale: str | None = None) -> str:
        """A valid token; `stale` is one that FCM refused.

        Raises:
            TemporaryFailure: none could be had; the account may be wrong or the server away.
        """
        credentials = (await self._load()).get_credential()
        async with self._lock:
            if not credentials.valid or credentials.token == stale:
                await self._refresh(credentials)
        return str(credentials.token)

    async def _refresh(self, credentials: Any) -> None:
        from google.auth.exceptions import GoogleAuthError

        loop = asyncio.get_running_loop()

        def request(
            url: str,
            method: str = "GET",
            body: Any = None,
            headers: Any = None,
            timeout: Any = None,
            **_: Any,
        ) -> _Answer:
            call = self._client.request(method, url, content=body, headers=headers)
            return _Answer(asyncio.run_coroutine_threadsafe(call, loop).result(timeout or 30))

        try:
            await asyncio.to_thread(credentials.refresh, request)
        except (GoogleAuthError, httpx.HTTPError, TimeoutError) as error:
            raise TemporaryFailure(
                f"no access token for FCM: {type(error).__name__}: {error}"[:500]
            ) from error

    async def _load(self) -> Any:
        async with self._lock:
            if self._certificate is None:
                try:
                    self._certificate = await asyncio.to_thread(_certificate, self._account)
                except (OSError, ValueError) as error:
                    raise TemporaryFailure(
                        f"the FCM service account cannot be read: {error}"[:500]
                    ) from error
        return self._certificate


def _certificate(account: str) -> Any:
    from firebase_admin.credentials import Certificate

    return Certificate(json.loads(account) if account.lstrip().startswith("{") else account)
