"""The start page for people, and the index of resources for programs."""

from collections.abc import Mapping
from typing import Any

from gateway.exchange import Exchange
from gateway.operations.operation import Operation
from gateway.pages import Pages
from gateway.responses import Answer, json_answer
from gateway.routes import ROUTES, Rate

# Only what can be opened with GET and is a resource of its own.
_LEFT_OUT = frozenset(
    {"/auth", "/hooks", "/unsubscribe", "/preferences", "/public", "/fcm", "/sandbox", "/mailbox"}
)

LINKS = {
    "docs": "/api/docs",
    "reference": "/api/redoc",
    "openapi": "/api/schema",
    "events": "/api/events",
    "asyncapi": "/api/asyncapi.json",
    "health": "/readyz",
    "sign_in": "/api/v1/auth/login",
}


def resources() -> dict[str, dict[str, str]]:
    """The top-level resources of each service with their paths, by service."""
    found: dict[str, dict[str, str]] = {}
    for route in ROUTES:
        name = route.prefix[1:]
        if "/" in name or route.to or route.rate is not Rate.NORMAL or route.prefix in _LEFT_OUT:
            continue
        found.setdefault(route.service, {})[name] = f"/api/v1{route.prefix}"
    return {service: dict(sorted(paths.items())) for service, paths in found.items()}


class Index:
    """Says what is here."""

    def __init__(self, pages: Pages, *, version: str) -> None:
        self._pages = pages
        self._version = version
        self._resources = resources()

    def operations(self) -> list[Operation]:
        """What is answered here."""
        response: dict[str, Any] = {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "links": {"type": "object", "additionalProperties": {"type": "string"}},
                "resources": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        }
        return [
            Operation("GET", "/", self.start, at_root=True),
            Operation(
                "GET",
                "/",
                self.index,
                id="gateway_get_index",
                tag="gateway: documents",
                summary="The resources of all services, with links",
                response=response,
            ),
        ]

    async def start(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """A page for browsers, the index for everyone else."""
        if "text/html" in (exchange.header(b"accept") or ""):
            return self._pages.page("start.html", resources=self._resources, version=self._version)
        return await self.index(exchange, values)

    async def index(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """The index."""
        body = {"name": "Pillars", "version": self._version, "links": LINKS, "resources": self._resources}
        return json_answer(body, headers={"Vary": "Accept"})
