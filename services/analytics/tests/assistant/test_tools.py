"""Tools: whose rights they are run with, and what they make of what is wrong."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.common.actor import ACTOR_HEADER, Actor, ActorSigner
from libs.common.clock import SystemClock
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from services.analytics.assistant.tools.catalogue import TOOLS, open_to
from services.analytics.assistant.tools.tool import Asker, run
from services.analytics.tests.conftest import OpenContext


class Orders:
    """Stands for the orders service: keeps who asked, and answers as it is told."""

    def __init__(self, signer: ActorSigner, clock: SystemClock) -> None:
        self._signer, self._clock = signer, clock
        self.actors: list[Actor] = []
        self.answer: tuple[int, Any] = (200, {"items": [{}, {}], "next_cursor": "more"})
        self.app = Starlette(routes=[Route("/orders", self._list)])

    async def _list(self, request: Request) -> JSONResponse:
        self.actors.append(self._signer.verify(request.headers[ACTOR_HEADER], self._clock.now().timestamp()))
        status, body = self.answer
        return JSONResponse(body, status)


@pytest.fixture(scope="module")
def orders(common_settings: CommonSettings) -> Orders:
    """The service that is asked."""
    return Orders(ActorSigner(common_settings.secret_key.get_secret_value()), SystemClock())


@pytest.fixture(scope="module")
async def context(
    open_context: OpenContext, common_settings: CommonSettings, orders: Orders
) -> ServiceContext:
    """The service beside that of orders alone."""
    upstreams = Upstreams({}, ActorSigner(common_settings.secret_key.get_secret_value()), SystemClock())
    upstreams.register("orders", orders.app)
    return await open_context(upstreams=upstreams)


def asker(context: ServiceContext, actor: Actor) -> Asker:
    """Somebody who asks in English."""
    return Asker(context, actor, context.clock.now(), "UTC", "en")


async def test_another_service_is_asked_as_who_asks(
    context: ServiceContext, orders: Orders, tenant_id: UUID
) -> None:
    support = user(tenant_id, "orders.orders.read", roles=("support",))

    result = await run(TOOLS["orders_awaiting_shipping"], asker(context, support), {})

    assert orders.actors[-1] == support
    # One page of more: what is counted is not all.
    assert [(figure.value, figure.text) for figure in result.figures] == [(2, "2+")]


async def test_what_another_service_refuses_is_refused(
    context: ServiceContext, orders: Orders, tenant_id: UUID
) -> None:
    problem = {"slug": "permission-denied", "detail": "This needs the permission orders.orders.read."}
    before, orders.answer = orders.answer, (403, problem)
    try:
        result = await run(TOOLS["orders_awaiting_shipping"], asker(context, user(tenant_id)), {})
    finally:
        orders.answer = before

    assert (result.status, result.figures) == ("permission-denied", ())


async def test_a_service_that_is_away_is_told_as_that(context: ServiceContext, tenant_id: UUID) -> None:
    result = await run(TOOLS["low_stock"], asker(context, user(tenant_id)), {})

    assert (result.status, result.figures) == ("unavailable", ())


@pytest.mark.parametrize("name", sorted(TOOLS))
async def test_nothing_is_read_without_the_right_to(
    context: ServiceContext, orders: Orders, tenant_id: UUID, name: str
) -> None:
    tool, asked = TOOLS[name], len(orders.actors)
    others = [other.permission for other in TOOLS.values() if other.permission != tool.permission]
    lacking = user(tenant_id, *others)
    poor = user(tenant_id, features=frozenset({"assistant.chat"}))

    result = await run(tool, asker(context, lacking), {})

    assert (result.status, result.figures, result.path) == ("permission-denied", (), None)
    assert tool not in open_to(lacking)
    if tool.feature is not None:
        assert tool not in open_to(poor)
        result = await run(tool, asker(context, poor), {})
        assert (result.status, result.figures) == ("feature-not-in-plan", ())
    assert len(orders.actors) == asked


@pytest.mark.parametrize(
    "arguments",
    [
        {"period": "tomorrow"},
        {"period": 5},
        {"tenant_id": "x"},
        {"currency": "XXZ"},
        {"period": "last_0_days"},
    ],
)
async def test_arguments_that_do_not_fit_are_named(
    context: ServiceContext, tenant_id: UUID, arguments: dict[str, Any]
) -> None:
    result = await run(TOOLS["dashboard"], asker(context, user(tenant_id)), arguments)

    assert (result.status, result.figures) == ("validation-failed", ())
    assert next(iter(arguments)) in (result.detail or "")
    assert orjson.dumps(result.call)
