"""Facts written in batches are those of events taken one after another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.event import Event
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import envelope
from libs.common.testing.round_trips import round_trips
from libs.contracts.catalog import PriceChanged, StockChanged
from libs.contracts.crm import (
    DealChanged,
    DealCreated,
    DealLost,
    DealMoved,
    DealReopened,
    DealWon,
    LeadChanged,
    LeadConverted,
    LeadCreated,
    TaskAssigned,
    TaskChanged,
    TaskCompleted,
)
from libs.contracts.orders import OrderCancelled, OrderPlaced
from libs.contracts.payments import InvoiceIssued, InvoiceOverdue, InvoicePaid, InvoiceVoided
from services.analytics.events.models import ArchivedEvent
from services.analytics.facts.models import FACTS
from services.analytics.facts.projector import EVENTS
from services.analytics.manifest import SERVICE
from services.analytics.tests.factories import START, paid, payment, placed, refund, zar

# Both of them, in any order of all that they take.
RECORD = replace(SERVICE.subscriptions[0], events=EVENTS)
_ids = [new_id() for _ in range(2)]
_store = new_id()
_orders = [placed(26000), placed(9000)]
_payments = [payment(order) for order in _orders]


def _stock(which: int, revision: int) -> Event:
    return StockChanged(
        store_id=_store,
        variant_id=_ids[which],
        sku="HB-250",
        on_hand=revision * 10,
        reserved=0,
        allocated=0,
        available=revision * 10,
        revision=revision,
        cause="x",
    )


def _deal(kind: str, which: int, amount: int) -> Event:
    common: dict[str, Any] = {
        "deal_id": _ids[which],
        "name": "Deal",
        "pipeline_id": _store,
        "pipeline": "Sales",
        "amount": zar(amount),
    }
    stage = {"stage_id": _store, "stage": f"Stage {amount % 3}"}
    made: dict[str, Event] = {
        "created": DealCreated(**common, **stage, source="web"),
        "moved": DealMoved(**common, **stage, from_stage_id=_store, from_stage="New"),
        "won": DealWon(**common),
        "lost": DealLost(**common, reason="price"),
        "reopened": DealReopened(**common, **stage),
        "changed": DealChanged(**common, **stage, status="open", owner_id=_ids[0], deleted=amount > 8),
    }
    return made[kind]


def _invoice(kind: str, which: int) -> Event:
    said: dict[str, Any] = {"invoice_id": _ids[which], "number": f"I-{which}", "due_on": "2026-04-30"}
    made: dict[str, Event] = {
        "invoice issued": InvoiceIssued(**said, total=zar(500), outstanding=zar(500), issued_at=START),
        "invoice paid": InvoicePaid(
            **said, total=zar(500), amount=zar(200), outstanding=zar(300), paid_at=START
        ),
        "invoice voided": InvoiceVoided(**said, total=zar(500), voided_at=START),
        "invoice overdue": InvoiceOverdue(**said, outstanding=zar(400)),
    }
    return made[kind]


def _other(kind: str, which: int) -> Event:
    if kind == "lead created":
        return LeadCreated(lead_id=_ids[which], name="Lead", source="web")
    if kind == "lead converted":
        return LeadConverted(lead_id=_ids[which], deal_id=_ids[which])
    if kind in ("lead changed", "lead deleted"):
        deleted = kind == "lead deleted"
        return LeadChanged(lead_id=_ids[which], name="Lead", status="new", source="fair", deleted=deleted)
    if kind == "task changed":
        return TaskChanged(task_id=_ids[which], name="Task", status="todo", due_at=START + timedelta(days=1))
    if kind.startswith("invoice"):
        return _invoice(kind, which)
    if kind == "price changed":
        return PriceChanged(variant_id=_ids[which], product_id=_store, sku="HB-250", price=zar(100))
    if kind == "task completed":
        return TaskCompleted(task_id=_ids[which], name="Task", completed_at=START)
    # The second one has nothing to be due.
    due = None if kind == "task reassigned" else START
    return TaskAssigned(task_id=_ids[which], name="Task", assignee_id=new_id(), due_at=due)


def _cancelled(order: OrderPlaced) -> Event:
    return OrderCancelled(
        order_id=order.order_id, number=order.number, email=order.email, totals=order.totals, was_paid=False
    )


_which = st.integers(0, 1)
_kinds = st.sampled_from(["created", "moved", "won", "lost", "reopened", "changed"])
_others = st.sampled_from(
    [
        *("lead created", "lead converted", "lead changed", "lead deleted"),
        *("task assigned", "task reassigned", "task completed", "task changed"),
        *("invoice issued", "invoice paid", "invoice voided", "invoice overdue", "price changed"),
    ]
)
_stocks = st.builds(_stock, _which, st.integers(1, 5))
_deals = st.builds(_deal, _kinds, _which, st.integers(1, 9))
_rest = st.one_of(
    st.builds(_other, _others, _which),
    st.sampled_from(_orders),
    st.sampled_from([paid(order) for order in _orders]),
    st.sampled_from(_payments),
    st.sampled_from([refund(made, 500, at=START) for made in _payments]),
    st.sampled_from([_cancelled(order) for order in _orders]),
)
# Each event with its time, in hours: they come in any order. Many of one kind, so that they meet in a batch.
_story = st.one_of(
    *(
        st.lists(st.tuples(events, st.integers(0, 6)), min_size=4, max_size=20)
        for events in (_stocks, _deals, _rest, st.one_of(_stocks, _deals, _rest))
    )
)


async def facts(context: ServiceContext, tenant_id: UUID) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a tenant, without the tenant."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        found = {}
        for model in FACTS:
            columns = [column for column in model.__table__.columns if column.name != "tenant_id"]
            rows = await uow.session.execute(select(*columns).where(model.tenant_id == tenant_id))
            found[model.__tablename__] = sorted(map(tuple, rows), key=repr)
        return found


@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    # Shrinking takes minutes; the failing story is printed anyway.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=_story, cuts=st.lists(st.integers(2, 8), min_size=20, max_size=20))
async def test_the_size_of_batches_does_not_matter(
    context: ServiceContext, story: Sequence[tuple[Event, int]], cuts: list[int]
) -> None:
    one, many = new_id(), new_id()
    consumer = Consumer(context)
    times = [START + timedelta(hours=hours) for _, hours in story]
    alone = [envelope(e, one, time=t) for (e, _), t in zip(story, times, strict=True)]
    together = [envelope(e, many, time=t) for (e, _), t in zip(story, times, strict=True)]
    for sent in alone:
        assert await consumer.deliver(RECORD, sent) is Verdict.DONE
    for size in cuts:
        batch, together = together[:size], together[size:]
        assert set(await consumer.deliver_batch(RECORD, batch)) <= {Verdict.DONE}
    assert await facts(context, many) == await facts(context, one)


async def test_events_of_many_tenants_stay_with_their_own(context: ServiceContext) -> None:
    tenants = [new_id() for _ in range(4)]
    sent = [envelope(placed(1000 * n), tenants[n % 4]) for n in range(1, 13)]
    assert set(await Consumer(context).deliver_batch(RECORD, sent)) == {Verdict.DONE}
    for number, tenant in enumerate(tenants):
        expected = {str(e.id) for n, e in enumerate(sent, 1) if n % 4 == number}
        async with context.unit_of_work(tenant_id=tenant) as uow:
            archived = await uow.session.scalars(select(ArchivedEvent.id))
            assert {str(event_id) for event_id in archived} == expected
        assert len((await facts(context, tenant))["order_facts"]) == 3


async def test_a_batch_takes_few_statements_however_many_events_it_has(context: ServiceContext) -> None:
    consumer, tenant = Consumer(context), new_id()
    for size in (2, 200):
        batch = [envelope(_stock(n % 2, n), tenant) for n in range(1, size + 1)]
        with round_trips(context.engine) as trips:
            assert set(await consumer.deliver_batch(RECORD, batch)) == {Verdict.DONE}
        # The inbox; then lock, archive and stock, with the commit.
        assert [len(together) for together in trips.statements] == [1, 3]


async def test_orders_and_their_stock_are_counted_in_two_round_trips(context: ServiceContext) -> None:
    tenant = new_id()
    batch = [envelope(told, tenant) for told in (placed(26000), _stock(0, 1), placed(9000), _stock(1, 1))]
    with round_trips(context.engine) as trips:
        assert set(await Consumer(context).deliver_batch(RECORD, batch)) == {Verdict.DONE}
    # The inbox; then lock, archive, orders, lines and stock, with the commit.
    assert [len(together) for together in trips.statements] == [1, 5]
