"""The event catalogue: a page for people, AsyncAPI 3 for machines, both made from the event classes."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from gateway.exchange import Exchange
from gateway.operations.operation import Operation
from gateway.pages import Pages
from gateway.responses import Answer, json_answer


class Events:
    """Serves the catalogue; the classes are read on first use, not when the process starts."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def operations(self) -> list[Operation]:
        """What is answered here."""
        return [
            Operation(
                "GET",
                "/asyncapi.json",
                self.asyncapi,
                id="gateway_get_asyncapi",
                tag="gateway: documents",
                summary="The AsyncAPI 3 document of all events",
            ),
            Operation("GET", "/events", self.page),
        ]

    async def asyncapi(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """For machines."""
        return json_answer(self._asyncapi, headers={"Cache-Control": "no-cache"})

    async def page(self, _: Exchange, __: Mapping[str, str]) -> Answer:
        """For people."""
        return self._page

    @cached_property
    def _asyncapi(self) -> dict[str, Any]:
        from libs.contracts.catalogue import asyncapi_document

        return asyncapi_document()

    @cached_property
    def _page(self) -> Answer:
        from libs.contracts.catalogue import event_rows

        services: dict[str, list[dict[str, Any]]] = {}
        for row in event_rows():
            services.setdefault(row["service"], []).append(row)
        return self._pages.page("events.html", services=services)
