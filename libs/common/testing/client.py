"""An in-process HTTP client for router tests, acting as whomever the test says."""

from functools import lru_cache
from typing import Any

import httpx
from fastapi import FastAPI

from libs.common.actor import ACTOR_HEADER, Actor
from libs.common.runtime.app import routed, within_limits
from libs.common.runtime.context import ServiceContext


@lru_cache(maxsize=8)
def _routed(context: ServiceContext) -> FastAPI:
    # To make the routes ready takes longer than most requests, and nearly every test has a client of its own.
    return routed(context)


class Client:
    """Calls a service's app with a signed actor; `acting(actor)` gives the same client for another actor."""

    def __init__(self, context: ServiceContext, actor: Actor | None = None, *, app: Any = None) -> None:
        self.context = context
        self.actor = actor
        self.app = app or within_limits(_routed(context), context)

    def acting(self, actor: Actor | None) -> "Client":
        """The same app, called by someone else (None sends no identity at all)."""
        return Client(self.context, actor, app=self.app)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call; `options` as in `httpx.AsyncClient.request`."""
        headers = dict(options.pop("headers", None) or {})
        if self.actor is not None:
            headers[ACTOR_HEADER] = self.context.signer.sign(self.actor, self.context.clock.now().timestamp())
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """POST."""
        return await self.request("POST", path, **options)

    async def put(self, path: str, **options: Any) -> httpx.Response:
        """PUT."""
        return await self.request("PUT", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        """PATCH."""
        return await self.request("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        """DELETE."""
        return await self.request("DELETE", path, **options)
