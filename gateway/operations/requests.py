"""`/admin/requests`: the last requests of this process, filtered and paged."""

from collections.abc import Callable, Mapping

from gateway.exchange import Exchange
from gateway.operations.operation import Operation, asked_of, page_of, query, whole_number
from gateway.request_log import RequestLog, RequestRecord
from gateway.responses import Answer, json_answer
from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.pagination import DEFAULT_LIMIT, MAX_LIMIT, CursorCodec

_FILTERS = ("status", "method", "path", "user", "min_ms", "service", "request_id")
_RECORD_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "at": {"type": "string", "format": "date-time"},
        "method": {"type": "string"},
        "path": {"type": "string"},
        "query": {"type": "string", "description": "Values that may be secrets are masked"},
        "status": {"type": "integer", "description": "0: the client left before the answer began"},
        "ms": {"type": "number"},
        "service": {"type": "string"},
        "request_id": {"type": "string"},
        "client": {"type": "string"},
        "user": {"type": ["string", "null"]},
        "user_id": {"type": ["string", "null"], "format": "uuid"},
        "tenant_id": {"type": ["string", "null"], "format": "uuid"},
    },
}


class Requests:
    """Reads the request log."""

    def __init__(self, log: RequestLog, cursors: CursorCodec) -> None:
        self._log = log
        self._cursors = cursors

    def operations(self) -> list[Operation]:
        """What is answered here."""
        return [
            Operation(
                "GET",
                "/admin/requests",
                self.list_requests,
                id="gateway_list_requests",
                tag="gateway: administration",
                summary="The last requests",
                description=(
                    "Newest first, from a ring in the memory of the gateway process that answers: with several "
                    "replicas each knows its own, and a restart empties it. The full history is in the access log."
                ),
                permission="gateway.requests.read",
                parameters=(
                    query("status", "Exact (`404`) or a class (`5xx`)"),
                    query("method", "Such as `POST`"),
                    query("path", "Beginning of the path, such as `/api/v1/deals`"),
                    query("user", "E-mail address or user id"),
                    query("service", "Who answered"),
                    query("request_id", "One request"),
                    query("min_ms", "Only slower ones, in milliseconds", {"type": "integer", "minimum": 0}),
                    query(
                        "limit",
                        "Page size",
                        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
                    ),
                    query("cursor", "`next_cursor` of the page before"),
                ),
                response=page_of(_RECORD_SCHEMA),
            )
        ]

    async def list_requests(self, exchange: Exchange, _: Mapping[str, str]) -> Answer:
        """One page of the log."""
        asked = asked_of(exchange, (*_FILTERS, "limit", "cursor"))
        limit = whole_number(asked.get("limit"), "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        filters = {name: asked[name] for name in _FILTERS if name in asked}
        binding = f"requests:{sorted(filters.items())}"
        before = self._cursors.decode(binding, asked["cursor"])[1] if asked.get("cursor") else None
        assert exchange.actor is not None
        found: list[RequestRecord] = []
        cursor = None
        for record in self._log.newest(_matcher(filters, exchange.actor), before):
            if len(found) == limit:
                cursor = self._cursors.encode(binding, None, found[-1].id)
                break
            found.append(record)
        return json_answer({"items": [record.to_json() for record in found], "next_cursor": cursor})


def _matcher(filters: Mapping[str, str], actor: Actor) -> Callable[[RequestRecord], bool]:
    checks: list[Callable[[RequestRecord], bool]] = []
    if not actor.is_superuser and actor.tenant_id != OPERATOR_TENANT_ID:
        # Staff who act in one business see the requests of that business.
        checks.append(lambda r: r.tenant_id == actor.tenant_id)
    status = filters.get("status")
    if status is not None:
        if len(status) == 3 and status[0] in "12345" and status[1:] == "xx":
            checks.append(lambda r: r.status // 100 == int(status[0]))
        else:
            wanted = whole_number(status, "status", 0, 0, 599)
            checks.append(lambda r: r.status == wanted)
    if "method" in filters:
        checks.append(lambda r: r.method == filters["method"].upper())
    if "path" in filters:
        checks.append(lambda r: r.path.startswith(filters["path"]))
    if "service" in filters:
        checks.append(lambda r: r.service == filters["service"])
    if "request_id" in filters:
        checks.append(lambda r: r.request_id == filters["request_id"])
    if "user" in filters:
        checks.append(lambda r: filters["user"] in (r.user, str(r.user_id)))
    if "min_ms" in filters:
        least = whole_number(filters["min_ms"], "min_ms", 0, 0, 10_000_000)
        checks.append(lambda r: r.ms >= least)
    return lambda record: all(check(record) for check in checks)
