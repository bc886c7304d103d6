"""The start page for people, and the index of resources for programs."""

from collections.abc import Mapping
from typing import Any

from gateway.api_document import ApiDocuments
from gateway.exchange import Exchange
from gateway.operations.operation import Operation
from gateway.pages import Pages
from gateway.responses import Answer, json_answer

LINKS = {
    "docs": "/api/docs",
    "reference": "/api/redoc",
    "openapi": "/api/schema",
    "events": "/api/events",
    "asyncapi": "/api/asyncapi.json",
    "health": "/readyz",
    "sign_in": "/api/v1/auth/login",
}


class Index:
    """Says what is here."""

    def __init__(self, documents: ApiDocuments, pages: Pages, *, version: str) -> None:
        self._documents = documents
        self._pages = pages
        self._version = version

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
            document = await self._documents.get()
            return self._pages.page("start.html", resources=document.resources, version=self._version)
        return await self.index(exchange, values)

    async def index(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """The index."""
        resources = (await self._documents.get()).resources
        body = {"name": "Pillars", "version": self._version, "links": LINKS, "resources": resources}
        return json_answer(body, headers={"Vary": "Accept"})
