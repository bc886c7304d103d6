"""Somebody who makes things by the API, each with a word of his own in every text."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from rich.console import Console

from deploy.demo.story import ADMIN, Story
from deploy.e2e.conftest import PATIENCE
from deploy.e2e.isolation.recorded import Recorded, claims
from deploy.e2e.isolation.words import Json, marked
from libs.common.testing.identity_provider import Internet

# How long a token must still be good for a walk to begin with it.
FRESH_SECONDS = 300
# Somebody of the operator's staff, whom both businesses let in.
STAFF_EMAIL = ADMIN["email"]


async def patiently(
    what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], *, pause: float = 0.1
) -> Any:
    """What is seen once it holds. Looking costs what it looks at, so it looks seldom."""
    deadline = time.monotonic() + PATIENCE
    while not holds(seen := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come to be; last seen {str(seen)[:400]}")
        await asyncio.sleep(pause)
    return seen


class Acting(Story):
    """Calls the API as people do, and keeps what was asked and answered.

    `marker` is in every text; `ids` holds what others may try to refer to, by the names of fields.
    """

    def __init__(self, http: httpx.AsyncClient, name: str, internet: Internet) -> None:
        super().__init__(http, Console(quiet=True))
        self.internet = internet
        self.marker = self.run = f"{name}{self.run}"
        self.recorded: list[Recorded] = []
        self.ids: dict[str, str] = {}
        self.colleague: dict[str, str] = {}
        # Where ids come from that are not the first of a list, by the path up to them; texts by the name of a filter.
        self.places: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self._count = 0

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """As in the story, with the word in every text, and kept for those who try it again."""
        if options.get("json") is not None and not path.startswith(("/auth/login", "/auth/token")):
            options["json"] = marked(options["json"], self.marker)
        return await super().call(method, path, **options)

    async def until(self, what: str, look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
        """As in the story, with more patience: how fast things come is tried elsewhere."""
        return await patiently(what, look, holds)

    async def watch(self, response: httpx.Response) -> None:
        """Keep what was asked and answered (a hook of the client)."""
        await response.aread()
        request = response.request
        # httpx has the body of any request that is no stream.
        content = request.content
        is_json = request.headers.get("content-type") == "application/json"
        body = httpx.Response(200, content=content).json() if is_json and content else None
        names = ("authorization", "x-company-id", "idempotency-key", "x-cart-token")
        sent = {name.title(): request.headers[name] for name in names if name in request.headers}
        self.recorded.append(Recorded(request.method, request.url.path, sent, body, response))

    async def come_back(self) -> None:
        """Sign in again whose session has ended or whose token soon expires."""
        accounts = {
            "owner": (f"owner-{self.run}@example.com", f"Sunrise-{self.run}-9"),
            "client": (f"client-{self.run}@example.com", f"Morning-{self.run}-7"),
            "colleague": (self.texts["colleague"], f"Evening-{self.marker}-8"),
        }
        for name, account in accounts.items():
            headers: dict[str, str] = getattr(self, name)
            is_fresh = claims(headers)["exp"] - time.time() > FRESH_SECONDS
            if is_fresh and (await self.http.get("/api/v1/auth/me", headers=headers)).status_code == 200:
                continue
            setattr(self, name, {**await self.sign_in(*account), "X-Company-Id": self.company})

    async def make(
        self, path: str, body: Json, status: int | tuple[int, ...] = 201, **options: Any
    ) -> dict[str, Any]:
        """A new thing of the owner's."""
        made: dict[str, Any] = await self.call(
            "POST", path, status=status, who=options.pop("who", self.owner), json=body, **options
        )
        return made

    def unique(self) -> str:
        """A text nobody had before."""
        self._count += 1
        return f"{self.marker}-{self._count}"
