"""Every question of the evaluation set, answered by rules, from figures that can be got again."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.common.actor import ActorSigner
from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.contracts.crm import LeadCreated
from services.analytics.assistant.figures import Figure, at_pointer
from services.analytics.assistant.model.grounds import Grounds
from services.analytics.assistant.offline.answering import answer_by_rules
from services.analytics.assistant.tools.catalogue import TOOLS
from services.analytics.assistant.tools.tool import Asker
from services.analytics.assistant.words import language_of
from services.analytics.tests.assistant.questions import QUESTIONS, Question
from services.analytics.tests.conftest import OpenContext
from services.analytics.tests.factories import paid, payment, placed, refund

NOW = datetime(2026, 4, 15, 12, tzinfo=UTC)
ELSEWHERE: dict[str, list[dict[str, Any]]] = {
    "orders": [{"number": "O-1"}, {"number": "O-2"}],
    "catalog": [{"sku": "HB-250", "available": 3}],
    "payments": [{"number": "INV-1", "outstanding": {"amount": 7000, "currency": "ZAR"}}],
}


@pytest.fixture(scope="module")
async def context(open_context: OpenContext, common_settings: CommonSettings) -> ServiceContext:
    """The service in April 2026, beside others that have what `ELSEWHERE` says."""
    clock = ManualClock(NOW)
    upstreams = Upstreams({}, ActorSigner(common_settings.secret_key.get_secret_value()), clock)

    def app(name: str) -> Starlette:
        async def answer(request: Request) -> JSONResponse:
            return JSONResponse({"items": ELSEWHERE[name], "next_cursor": None})

        return Starlette(routes=[Route("/{path:path}", answer)])

    for name in ELSEWHERE:
        upstreams.register(name, app(name))
    return await open_context(clock=clock, upstreams=upstreams)


@pytest.fixture(scope="module")
async def business(context: ServiceContext) -> UUID:
    """The business of the evaluation set."""
    tenant_id, blend, beans = new_id(), new_id(), new_id()
    sold = [
        (90000, "House blend", blend, 2, datetime(2026, 3, 5, 9, tzinfo=UTC)),
        (60000, "Beans", beans, 6, datetime(2026, 3, 20, 9, tzinfo=UTC)),
        (30000, "House blend", blend, 3, datetime(2026, 3, 31, 23, tzinfo=UTC)),
        (50000, "Beans", beans, 2, datetime(2026, 4, 14, 9, tzinfo=UTC)),
    ]
    for total, name, product_id, quantity, at in sold:
        order = placed(total, at=at, name=name, product_id=product_id, quantity=quantity)
        money = payment(order)
        facts = [order, money, paid(order)]
        if total == 50000:
            facts.append(refund(money, 10000, at=at))
        for event in facts:
            await deliver(context, event, tenant_id)
    for _ in range(2):
        await deliver(context, LeadCreated(lead_id=new_id(), name="A", source="fair"), tenant_id)
    return tenant_id


@pytest.fixture(scope="module")
def client(context: ServiceContext, business: UUID) -> Client:
    """Somebody of the business who may do anything."""
    return Client(context, user(business))


async def told(context: ServiceContext, tenant_id: UUID, prompt: str) -> Any:
    """The answer of the rules."""
    asker = Asker(context, user(tenant_id), NOW, "UTC", language_of(prompt))
    return await answer_by_rules(asker, prompt, reason=None)


def test_the_set_is_large_enough() -> None:
    assert len(QUESTIONS) >= 40
    assert len({question.prompt for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.prompt)
async def test_a_question_is_answered_from_figures(
    context: ServiceContext, business: UUID, question: Question
) -> None:
    answer = await told(context, business, question.prompt)

    assert [call["name"] for call in answer.tool_calls][:1] == ([question.tool] if question.tool else [])
    assert all(call["status"] == "ok" for call in answer.tool_calls)
    first: dict[str, Figure] = {}
    for figure in answer.figures:
        first.setdefault(figure.field, figure)
    assert {name: first[name].value for name in question.figures} == question.figures
    assert all(first[name].text in answer.content for name in question.figures)
    if question.tool is None:
        assert answer.figures == ()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.prompt)
async def test_every_number_of_an_answer_is_that_of_a_figure(
    context: ServiceContext, business: UUID, question: Question
) -> None:
    answer = await told(context, business, question.prompt)
    grounds = Grounds(NOW.astimezone(ZoneInfo("UTC")).date())
    asker = Asker(context, user(business), NOW, "UTC", "en")
    for call in answer.tool_calls:
        tool = TOOLS[call["name"]]
        arguments = tool.arguments.model_validate(call["arguments"])
        stretch = arguments.stretch(asker) if hasattr(arguments, "stretch") else None
        grounds.add(answer.figures, stretch, call["arguments"].values())

    content = (
        answer.content.removesuffix(answer.notice).replace("30", "")
        if question.tool is None
        else answer.content
    )

    assert grounds.unfounded(content) == []


@pytest.mark.parametrize("question", [one for one in QUESTIONS if one.tool], ids=lambda one: one.prompt)
async def test_every_figure_is_what_its_query_gives(
    context: ServiceContext, business: UUID, client: Client, question: Question
) -> None:
    answer = await told(context, business, question.prompt)

    assert question.tool in ("funnel",) or answer.figures
    for figure in answer.figures:
        path = figure.query.path.removeprefix("/api/v1")
        if not path.startswith(("/analytics/", "/insight-analytics/")):
            continue
        found = at_pointer((await client.get(path)).json(), figure.field)
        if figure.calculation == "change":
            assert figure.compared_with is not None
            then = await client.get(figure.compared_with.path.removeprefix("/api/v1"))
            before = at_pointer(then.json(), figure.field)
            found = round((found - before) / abs(before), 4)
        assert found == figure.value
