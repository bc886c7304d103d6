"""Stand-ins for the other services, and the flow over them."""

from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.identity.privacy_requests.jobs import erase_closed_tenants, run_privacy_requests

REASON = {"table": "invoices", "column": "email", "count": 1, "reason": "books are kept for years"}
DONE = {"erased": 3, "pseudonymised": 2, "kept": 1, "reasons": [REASON]}
PLACE = {"table": "orders", "is_documents": False, "after": ["7"]}


@dataclass
class Other:
    """Another service, which does its part in so many steps, or is away."""

    name: str
    is_away: bool = False
    steps: int = 1
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def asked_for(self, made: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
        """What it was asked for one request; the flow goes on with those of other tests, too."""
        return [one for one in self.asked if one[2]["request_id"] == made["id"]]

    @property
    def app(self) -> Starlette:
        """It over HTTP."""
        return Starlette(routes=[Route("/internal/privacy/{kind}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> JSONResponse:
        kind, key = request.path_params["kind"], request.headers["idempotency-key"]
        self.asked.append((kind, key, await request.json()))
        if self.is_away:
            return JSONResponse({"slug": "unavailable"}, status_code=503)
        step = int(key.partition(":")[2])
        is_last = step + 1 == self.steps
        if kind == "parts":
            tables = {"things": [{"of": self.name, "step": step}]}
            return JSONResponse({"tables": tables, "rows": 1, "next": None if is_last else PLACE})
        return JSONResponse({**DONE, "next": None if is_last else PLACE})


@dataclass
class Flow:
    """This service with a clock of its own, and the others."""

    context: ServiceContext
    clock: ManualClock
    others: dict[str, Other]

    async def run(self) -> None:
        """One run of the job."""
        async with self.context.unit_of_work(platform=True) as uow:
            await run_privacy_requests(uow, {})

    async def erase(self) -> None:
        """One run of the job for closed businesses."""
        async with self.context.unit_of_work(platform=True) as uow:
            await erase_closed_tenants(uow, {})


async def ask(client: Client, kind: str, **body: Any) -> Any:
    """A new request."""
    response = await client.post(f"/privacy/{kind}", json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def read(client: Client, kind: str, request: Any) -> Any:
    """How far it is."""
    return (await client.get(f"/privacy/{kind}/{request['id']}")).json()
