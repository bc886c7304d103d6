"""`/dropdown-options`: the choice lists of all services in one answer."""

from collections.abc import Mapping
from typing import Any

from gateway.exchange import Exchange
from gateway.fan_out import ask_all
from gateway.operations.operation import Operation, in_path, page_of
from gateway.responses import Answer, json_answer
from libs.common.actor import system_actor
from libs.common.errors import NotFound, Unavailable
from libs.common.runtime.upstreams import Upstreams

_OPTION_SCHEMA = {
    "type": "object",
    "required": ["value", "label"],
    "properties": {"value": {"type": "string"}, "label": {"type": "string"}},
}
_TAG = "gateway: choice lists"


class Dropdowns:
    """Merges what each service offers; a category that two of them know holds the options of both."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams

    def operations(self) -> list[Operation]:
        """What is answered here."""
        return [
            Operation(
                "GET",
                "/dropdown-options",
                self.list_all,
                id="gateway_list_dropdown_options",
                tag=_TAG,
                summary="All choice lists, by category",
                description="`X-Incomplete` names services that could not be asked.",
                needs_actor=True,
                response={
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": _OPTION_SCHEMA},
                },
            ),
            Operation(
                "GET",
                "/dropdown-options/{category}",
                self.list_category,
                id="gateway_list_dropdown_options_of_category",
                tag=_TAG,
                summary="One choice list",
                needs_actor=True,
                parameters=(in_path("category", "Such as `deal_status`"),),
                response=page_of(_OPTION_SCHEMA),
            ),
        ]

    async def list_all(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """Every category."""
        options, unavailable = await self._collect(exchange)
        return json_answer(options, headers={"X-Incomplete": ", ".join(unavailable)} if unavailable else {})

    async def list_category(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """One category."""
        options, unavailable = await self._collect(exchange)
        found = options.get(values["category"])
        if found is None and unavailable:
            raise Unavailable(f"{', '.join(unavailable)} could not be asked.")
        if found is None:
            raise NotFound("There is no such category; GET /api/v1/dropdown-options lists them.")
        return json_answer({"items": found, "next_cursor": None})

    async def _collect(self, exchange: Exchange) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
        assert exchange.actor is not None
        # Choices are open to all who act in a business, so the services need not know who asks.
        asker = system_actor("gateway", exchange.actor.tenant_id)
        answers = await ask_all(self._upstreams, self._upstreams.names, "/internal/dropdown-options", asker)
        merged: dict[str, dict[str, dict[str, Any]]] = {}
        for service in sorted(answers.by_service):
            for category, options in answers.by_service[service].items():
                known = merged.setdefault(category, {})
                for option in options:
                    known.setdefault(str(option["value"]), option)
        return {c: list(merged[c].values()) for c in sorted(merged)}, answers.unavailable
