"""`/admin/bus`: outboxes, queues, dead letters and jobs of all services, asked of each as the caller."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.errors import ClientGone
from gateway.exchange import Exchange
from gateway.fan_out import ask_all
from gateway.operations.operation import Operation, asked_of, in_path, page_of, query, whole_number
from gateway.responses import Answer, json_answer
from libs.common.errors import (
    BadRequest,
    InvalidCursor,
    NotFound,
    PayloadTooLarge,
    Unavailable,
    ValidationFailed,
)
from libs.common.pagination import DEFAULT_LIMIT, MAX_LIMIT
from libs.common.runtime.upstreams import Upstreams

READ, WRITE = "gateway.bus.read", "gateway.bus.write"
_TAG = "gateway: bus"
_MAX_BODY = 16_384
_BY_SERVICE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "services": {"type": "object", "additionalProperties": {}},
        "unavailable": {"type": "array", "items": {"type": "string"}, "description": "Could not be asked"},
    },
}
_ITEM: Mapping[str, Any] = {
    "type": "object",
    "required": ["service", "id"],
    "properties": {"service": {"type": "string"}, "id": {"type": "string", "format": "uuid"}},
}
_PAGING = (
    query("service", "Only those of one service"),
    query("limit", "Page size", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}),
    query("cursor", "`next_cursor` of the page before"),
)


class Bus:
    """Passes questions about the bus on to the services; each checks the caller again."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams

    def operations(self) -> list[Operation]:
        """What is answered here."""
        letter = (in_path("service", "Such as `crm`"), in_path("id", "Id of the dead letter"))
        return [
            Operation(
                "GET",
                "/admin/bus",
                self.overview,
                id="gateway_get_bus",
                tag=_TAG,
                summary="Outboxes and queues of all services",
                permission=READ,
            ),
            Operation(
                "GET",
                "/admin/bus/outbox",
                self.outbox,
                id="gateway_get_outboxes",
                tag=_TAG,
                summary="Events committed but not yet published",
                permission=READ,
                response=_BY_SERVICE,
            ),
            Operation(
                "GET",
                "/admin/bus/queues",
                self.queues,
                id="gateway_list_queues",
                tag=_TAG,
                summary="Messages waiting, by consumer",
                permission=READ,
                response=_BY_SERVICE,
            ),
            Operation(
                "GET",
                "/admin/bus/dead-letters",
                self.dead_letters,
                id="gateway_list_dead_letters",
                tag=_TAG,
                summary="Messages whose handlers gave up",
                description="One service after the other.",
                permission=READ,
                parameters=_PAGING,
                response=page_of(_ITEM),
            ),
            Operation(
                "GET",
                "/admin/bus/dead-letters/{service}/{id}",
                self.dead_letter,
                id="gateway_get_dead_letter",
                tag=_TAG,
                summary="One dead letter with its payload and reason",
                permission=READ,
                parameters=letter,
            ),
            Operation(
                "POST",
                "/admin/bus/dead-letters/{service}/{id}/retry",
                self.retry,
                id="gateway_retry_dead_letter",
                tag=_TAG,
                summary="Deliver it again",
                permission=WRITE,
                parameters=letter,
            ),
            Operation(
                "POST",
                "/admin/bus/dead-letters/{service}/{id}/skip",
                self.skip,
                id="gateway_skip_dead_letter",
                tag=_TAG,
                summary="Give it up, saying why",
                permission=WRITE,
                parameters=letter,
                body={
                    "type": "object",
                    "required": ["reason"],
                    "additionalProperties": False,
                    "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 500}},
                },
            ),
            Operation(
                "GET",
                "/admin/bus/jobs",
                self.jobs,
                id="gateway_list_jobs",
                tag=_TAG,
                summary="Background work that is not finished",
                description="One service after the other.",
                permission=READ,
                parameters=(
                    query(
                        "state",
                        "In one state only",
                        {"type": "string", "enum": ["waiting", "running", "dead"]},
                    ),
                    *_PAGING,
                ),
                response=page_of(_ITEM),
            ),
            Operation(
                "POST",
                "/admin/bus/jobs/{service}/{id}/retry",
                self.retry_job,
                id="gateway_retry_job",
                tag=_TAG,
                summary="Let a dead job run again",
                permission=WRITE,
                parameters=(in_path("service", "Such as `crm`"), in_path("id", "Id of the job")),
            ),
        ]

    async def overview(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """Outboxes and queues together."""
        outbox = await self._ask_all(exchange, "outbox")
        queues = await self._ask_all(exchange, "queues")
        return json_answer({"outbox": outbox, "queues": queues})

    async def outbox(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """The outbox of each service."""
        return json_answer(await self._ask_all(exchange, "outbox"))

    async def queues(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """The queues of each service."""
        return json_answer(await self._ask_all(exchange, "queues"))

    async def dead_letters(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """One page of them."""
        return await self._list(exchange, "dead-letters", ())

    async def jobs(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """One page of them."""
        return await self._list(exchange, "jobs", ("state",))

    async def _list(self, exchange: Exchange, what: str, filters: tuple[str, ...]) -> Answer:
        """One page, the services in turn; the cursor says which one is on, and where in it."""
        asked = asked_of(exchange, (*filters, "service", "limit", "cursor"))
        limit = whole_number(asked.get("limit"), "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        passed = {name: asked[name] for name in filters if name in asked}
        names = self._upstreams.names
        if "service" in asked:
            names = [self._known(asked["service"])]
        inner = ""
        if asked.get("cursor"):
            # The service's own cursor, which only it can read, after the service's name.
            place, _colon, inner = asked["cursor"].partition(":")
            if place not in names:
                raise InvalidCursor("Start the list again without a cursor.")
            names = names[names.index(place) :]
        items: list[dict[str, Any]] = []
        for position, service in enumerate(names):
            params = {**passed, "limit": str(limit - len(items)), **({"cursor": inner} if inner else {})}
            page = await self._page(exchange, service, what, params)
            inner = ""
            items += [{**item, "service": service} for item in page["items"]]
            if page["next_cursor"]:
                return json_answer({"items": items, "next_cursor": f"{service}:{page['next_cursor']}"})
            if len(items) == limit and position + 1 < len(names):
                return json_answer({"items": items, "next_cursor": f"{names[position + 1]}:"})
        return json_answer({"items": items, "next_cursor": None})

    async def _page(
        self, exchange: Exchange, service: str, what: str, params: Mapping[str, str]
    ) -> dict[str, Any]:
        assert exchange.actor is not None
        answers = await ask_all(self._upstreams, [service], f"/internal/bus/{what}", exchange.actor, params)
        if answers.unavailable:
            raise Unavailable(f"{service} could not be asked; name another one with ?service=.")
        page: dict[str, Any] = answers.by_service.get(service, {"items": [], "next_cursor": None})
        return page

    async def dead_letter(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """One in full."""
        return _done(await self._call(exchange, "GET", "dead-letters", values))

    async def retry(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """Deliver it again."""
        return _done(await self._call(exchange, "POST", "dead-letters", values, "/retry"))

    async def retry_job(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """Let it run again."""
        return _done(await self._call(exchange, "POST", "jobs", values, "/retry"))

    async def skip(self, exchange: Exchange, values: Mapping[str, str]) -> Answer:
        """Give it up."""
        body = await _read_json(exchange)
        reason = body.get("reason")
        if set(body) != {"reason"} or not isinstance(reason, str) or not 1 <= len(reason.strip()) <= 500:
            raise ValidationFailed.of("reason", "must be a text of 1 to 500 characters, and the only field")
        return _done(
            await self._call(exchange, "POST", "dead-letters", values, "/skip", {"reason": reason.strip()})
        )

    def _known(self, service: str) -> str:
        if service not in self._upstreams.names:
            raise NotFound("There is no such service here.")
        return service

    async def _call(
        self,
        exchange: Exchange,
        method: str,
        what: str,
        values: Mapping[str, str],
        step: str = "",
        body: Any = None,
    ) -> Any:
        assert exchange.actor is not None
        service, path = self._known(values["service"]), f"/internal/bus/{what}/{values['id']}{step}"
        return await self._upstreams.call(service, method, path, actor=exchange.actor, json=body)

    async def _ask_all(self, exchange: Exchange, what: str) -> dict[str, Any]:
        assert exchange.actor is not None
        answers = await ask_all(
            self._upstreams, self._upstreams.names, f"/internal/bus/{what}", exchange.actor
        )
        return {"services": answers.by_service, "unavailable": answers.unavailable}


def _done(answer: Any) -> Answer:
    return Answer(204) if answer is None else json_answer(answer)


async def _read_json(exchange: Exchange) -> dict[str, Any]:
    """The body of a request as a JSON object.

    Raises:
        PayloadTooLarge, BadRequest: it is too large, or no JSON object.
    """
    body = b""
    while True:
        message = await exchange.receive()
        body += message.get("body", b"")
        if len(body) > _MAX_BODY:
            raise PayloadTooLarge(f"The body is larger than {_MAX_BODY} bytes.", limit_bytes=_MAX_BODY)
        if message["type"] != "http.request":
            raise ClientGone
        if not message.get("more_body", False):
            break
    try:
        document = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise BadRequest("The body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object.")
    return document
