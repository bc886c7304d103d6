"""From events to figures: in any order, any number of times, and again from the archive."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.contracts.catalog import StockChanged
from libs.contracts.crm import (
    DealChanged,
    DealCreated,
    DealMoved,
    DealReopened,
    DealWon,
    LeadChanged,
    LeadConverted,
    LeadCreated,
    TaskChanged,
)
from services.analytics.facts.models import MoneyFact
from services.analytics.facts.rebuild import rebuild
from services.analytics.tests.factories import START, paid, payment, placed, refund, zar


async def dashboard(client: Client) -> dict:
    """The dashboard of the client's tenant."""
    response = await client.get("/analytics/dashboard")
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_dashboard_counts_orders_and_net_revenue(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    order = placed(26000)
    money = payment(order)
    for event in (order, money, paid(order), refund(money, 5000)):
        assert await deliver(context, event, tenant_id) == [Verdict.DONE]

    seen = await dashboard(client)

    assert seen["orders"]["count"] == 1
    assert seen["orders"]["paid"] == 1
    assert seen["revenue"] == {"amount": 21000, "currency": "ZAR"}
    assert seen["gross"] == {"amount": 26000, "currency": "ZAR"}
    assert seen["refunds"] == {"amount": 5000, "currency": "ZAR"}


@pytest.mark.parametrize("seed", range(5))
async def test_order_and_repetition_of_events_do_not_matter(
    context: ServiceContext, client: Client, tenant_id: UUID, seed: int
) -> None:
    events = []
    for total in (10000, 20000, 30000):
        order = placed(total)
        money = payment(order)
        events += [order, money, paid(order), refund(money, 1000)]
    envelopes = [envelope(event, tenant_id) for event in events]
    shuffled = envelopes * 2
    random.Random(seed).shuffle(shuffled)

    for sent in shuffled:
        await deliver(context, sent)

    seen = await dashboard(client)
    assert seen["orders"]["count"] == 3
    assert seen["revenue"]["amount"] == 57000


async def test_facts_can_be_built_again_from_the_archive(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    order = placed(26000)
    for event in (order, payment(order), paid(order)):
        await deliver(context, event, tenant_id)
    before = await dashboard(client)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await uow.session.execute(update(MoneyFact).where(MoneyFact.tenant_id == tenant_id).values(amount=1))
    assert (await dashboard(client))["revenue"]["amount"] == 1

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await rebuild(uow, {})

    after = await dashboard(client)
    assert {**after, "as_of": None} == {**before, "as_of": None}


async def test_a_deal_stands_where_its_latest_event_says(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    deal, pipeline = new_id(), new_id()
    common = {
        "deal_id": deal,
        "name": "Deal",
        "pipeline_id": pipeline,
        "pipeline": "Sales",
        "amount": zar(500),
    }
    created = DealCreated(**common, stage_id=new_id(), stage="New", source="web")
    moved = DealMoved(**common, from_stage_id=new_id(), from_stage="New", stage_id=new_id(), stage="Proposal")
    won = DealWon(**common)
    first, second, third = (envelope(event, tenant_id) for event in (created, moved, won))

    for sent in (third, first, second):
        await deliver(context, sent)
    assert (await dashboard(client))["deals"]["won"] == 1
    assert (await dashboard(client))["deals"]["won_amount"]["amount"] == 500

    await deliver(context, DealReopened(**common, stage_id=new_id(), stage="Proposal"), tenant_id)

    seen = await dashboard(client)
    assert (seen["deals"]["open"], seen["deals"]["won"]) == (1, 0)
    stages = (await client.get("/analytics/funnel")).json()["items"]
    assert [(row["stage"], row["entered"], row["share"]) for row in stages] == [
        ("New", 1, 1.0),
        ("Proposal", 1, 1.0),
    ]


async def test_what_was_deleted_counts_nowhere(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    common = {"name": "Call", "due_at": START}
    deal = {
        "name": "Deal",
        "pipeline_id": new_id(),
        "pipeline": "Sales",
        "stage_id": new_id(),
        "stage": "New",
    }
    gone = DealCreated(**deal, deal_id=new_id(), amount=zar(500))
    stays = DealCreated(**deal, deal_id=new_id(), amount=zar(300))
    open_task, done_task, dropped = (
        TaskChanged(**common, task_id=new_id(), status="todo"),
        TaskChanged(**common, task_id=new_id(), status="done", completed_at=START),
        TaskChanged(**common, task_id=new_id(), status="cancelled"),
    )
    for event in (gone, stays, open_task, done_task, dropped):
        await deliver(context, event, tenant_id)
    assert (await dashboard(client))["tasks"] == {"open": 1, "overdue": 1, "completed": 1}

    deleted = DealChanged(**deal, deal_id=gone.deal_id, amount=zar(500), status="open", deleted=True)
    for event in (deleted, *(task.model_copy(update={"deleted": True}) for task in (open_task, done_task))):
        await deliver(context, event, tenant_id)

    seen = await dashboard(client)
    assert seen["tasks"] == {"open": 0, "overdue": 0, "completed": 0}
    assert (seen["deals"]["open"], seen["deals"]["open_amount"]["amount"]) == (1, 300)
    (stage,) = (await client.get("/analytics/funnel")).json()["items"]
    assert (stage["entered"], stage["now"]) == (1, 1)


@pytest.mark.parametrize("seed", range(4))
async def test_deleted_leads_are_in_no_figure_of_leads(
    context: ServiceContext, client: Client, tenant_id: UUID, seed: int
) -> None:
    gone, moved = new_id(), new_id()
    told: list[Any] = [
        LeadCreated(lead_id=gone, name="A", source="web"),
        LeadConverted(lead_id=gone, source="web", deal_id=new_id()),
        LeadChanged(lead_id=gone, name="A", status="converted", source="web", deleted=True),
        LeadCreated(lead_id=moved, name="B", source="web"),
        LeadChanged(lead_id=moved, name="B", status="contacted", source="fair"),
    ]
    sent = [envelope(e, tenant_id, time=START + timedelta(hours=n)) for n, e in enumerate(told)] * 2
    random.Random(seed).shuffle(sent)
    for each in sent:
        await deliver(context, each)

    sources = (await client.get("/analytics/lead-sources")).json()["items"]
    stretch = {"from": START.isoformat(), "to": (START + timedelta(days=1)).isoformat()}
    metrics = (await client.get("/insight-analytics/sales-metrics", params=stretch)).json()

    assert (await dashboard(client))["leads"] == 1
    assert [(row["source"], row["leads"], row["converted"]) for row in sources] == [("fair", 1, 0)]
    assert (metrics["leads"], metrics["lead_conversion"]) == (1, 0.0)


async def test_an_older_revision_of_stock_changes_nothing(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    common = {
        "store_id": new_id(),
        "variant_id": new_id(),
        "sku": "HB-250",
        "reserved": 0,
        "allocated": 0,
        "cause": "x",
    }
    await deliver(context, StockChanged(**common, on_hand=7, available=7, revision=2), tenant_id)
    await deliver(context, StockChanged(**common, on_hand=9, available=9, revision=1), tenant_id)

    assert (await dashboard(client))["stock"]["on_hand"] == 7


async def test_a_business_sees_its_own_figures_only(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    order = placed(26000)
    await deliver(context, order, tenant_id)
    await deliver(context, payment(order), tenant_id)

    stranger = client.acting(user(other_tenant_id))

    assert (await dashboard(stranger))["orders"]["count"] == 0
    assert (await dashboard(stranger))["revenue"]["amount"] == 0


async def test_figures_need_a_permission(client: Client, tenant_id: UUID) -> None:
    paths = (
        "/analytics/dashboard",
        "/analytics/sales/report",
        "/analytics/funnel",
        "/analytics/income-summary",
    )
    for path in (*paths, "/analytics/lead-sources", "/analytics/top-products"):
        assert (await client.acting(guest(tenant_id)).get(path)).status_code == 401
        refused = await client.acting(user(tenant_id, "crm.deals.read")).get(path)
        assert refused.status_code == 403
        assert refused.json()["required_permission"].startswith("analytics.")


async def test_a_rebuild_is_a_job_asked_for_once(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    for _ in range(2):
        assert (await client.post("/analytics/rebuild")).status_code == 202
    assert (
        await client.acting(user(tenant_id, "analytics.reports.read")).post("/analytics/rebuild")
    ).status_code == 403

    from sqlalchemy import func, select

    async with context.unit_of_work(platform=True) as uow:
        job = context.models.job
        count = await uow.session.scalar(select(func.count()).where(job.tenant_id == tenant_id))
    assert count == 1
