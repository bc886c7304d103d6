"""An in-process HTTP client for router tests, acting as whomever the test says."""

from functools import lru_cache
from typing import Any

import httpx
from fastapi import FastAPI

from libs.common.actor import ACTOR_HEADER, Actor
from libs.common.runtime.app import api_routes, common_answers, routed, within_limits
from libs.common.runtime.context import ServiceContext


@lru_cache(maxsize=8)
def _routed(context: ServiceContext) -> FastAPI:
    # To make the routes ready takes longer than most requests, and nearly every test has a client of its own.
    return routed(context)


def assert_documented(context: ServiceContext, answer: httpx.Response) -> None:
    """That the API document names what was answered, as far as the route is one of the API's."""
    method, path = answer.request.method, answer.request.url.path
    for route in api_routes(_routed(context)):
        if method in (route.methods or ()) and route.path_regex.match(path):
            # A service that does not answer another one is in the gateway's document, for all operations.
            known = {str(route.status_code or 200), *map(str, route.responses), "502", "504"}
            known |= common_answers(method, route.path, has_body=True).keys()
            said = f"{method} {route.path} answered {answer.status_code}, which its document does not name"
            # What nobody foresaw is no part of a document.
            assert str(answer.status_code) in known or answer.status_code == 500, said
            return


class Client:
    """Calls a service's app with a signed actor; `acting(actor)` gives the same client for another actor.

    An answer whose status the API document does not name fails the test.
    """

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
            answer = await client.request(method, path, headers=headers, **options)
        if not path.startswith("/internal/"):
            assert_documented(self.context, answer)
        return answer

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
