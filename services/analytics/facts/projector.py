"""Turns events into facts. Each function is an upsert that gives the same result in any order, any number of times."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.messaging.event import Event
from libs.contracts import catalog, crm, orders, payments
from services.analytics.facts.models import (
    DealFact,
    DealStageFact,
    LeadFact,
    MoneyFact,
    OrderFact,
    OrderLineFact,
    StockFact,
    TaskFact,
)

Projection = Callable[[AsyncSession, UUID, datetime, Any], Awaitable[None]]


async def project(
    session: AsyncSession, tenant_id: UUID, kind: str, time: datetime, data: dict[str, Any]
) -> None:
    """Build the facts of one event; events that no fact comes from are passed over."""
    if found := TAKEN.get(kind):
        event, apply = found
        await apply(session, tenant_id, time, event.model_validate(data))


async def _upsert(
    session: AsyncSession, model: type[Any], keys: dict[str, Any], values: dict[str, Any]
) -> None:
    """Insert, or set these columns of the row that is there."""
    statement = insert(model).values(**keys, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))


async def order_placed(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: orders.OrderPlaced
) -> None:
    """An order with its lines."""
    await _order(session, tenant_id, event, placed_at=event.placed_at)
    await _lines(session, tenant_id, event)


async def order_paid(session: AsyncSession, tenant_id: UUID, time: datetime, event: orders.OrderPaid) -> None:
    """The order was paid; its data come along, should this be the first event of it."""
    await _order(session, tenant_id, event, paid_at=event.paid_at)
    await _lines(session, tenant_id, event)


async def _order(
    session: AsyncSession, tenant_id: UUID, event: orders.OrderPlaced | orders.OrderPaid, **step: datetime
) -> None:
    totals = event.totals
    values = {
        "number": event.number,
        "customer": str(event.customer_user_id or event.email.lower()),
        "currency": totals.total.currency,
        "subtotal": totals.subtotal.amount,
        "discount": totals.discount.amount,
        "shipping": totals.shipping.amount,
        "tax": totals.tax.amount,
        "total": totals.total.amount,
        **step,
    }
    await _upsert(session, OrderFact, {"tenant_id": tenant_id, "order_id": event.order_id}, values)


async def _lines(
    session: AsyncSession, tenant_id: UUID, event: orders.OrderPlaced | orders.OrderPaid
) -> None:
    rows = [
        {
            "tenant_id": tenant_id,
            "line_id": line.line_id,
            "order_id": event.order_id,
            "product_id": line.product_id,
            "variant_id": line.variant_id,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "total": line.total.amount,
            "currency": line.total.currency,
        }
        for line in event.lines
    ]
    if rows:
        await session.execute(insert(OrderLineFact).values(rows).on_conflict_do_nothing())


def _order_step(column: str) -> Projection:
    async def apply(session: AsyncSession, tenant_id: UUID, time: datetime, event: Any) -> None:
        await _upsert(
            session, OrderFact, {"tenant_id": tenant_id, "order_id": event.order_id}, {column: time}
        )

    return apply


async def payment_succeeded(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: payments.PaymentSucceeded
) -> None:
    """Money came in."""
    await _money(
        session,
        tenant_id,
        event.payment_id,
        "payment",
        event.order_id,
        event.provider,
        event.amount,
        event.succeeded_at,
    )


async def refund_succeeded(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: payments.RefundSucceeded
) -> None:
    """Money went back."""
    await _money(
        session,
        tenant_id,
        event.refund_id,
        "refund",
        event.order_id,
        None,
        event.amount,
        event.succeeded_at,
        sign=-1,
    )


async def _money(
    session: AsyncSession,
    tenant_id: UUID,
    fact_id: UUID,
    kind: str,
    order_id: UUID,
    provider: str | None,
    amount: Any,
    at: datetime,
    *,
    sign: int = 1,
) -> None:
    row = insert(MoneyFact).values(
        tenant_id=tenant_id,
        id=fact_id,
        kind=kind,
        order_id=order_id,
        provider=provider,
        amount=sign * amount.amount,
        currency=amount.currency,
        happened_at=at,
    )
    await session.execute(row.on_conflict_do_nothing())


async def _deal(session: AsyncSession, tenant_id: UUID, time: datetime, event: Any, **values: Any) -> None:
    """Where a deal stands, unless a later event has said so already."""
    common = {
        "pipeline": event.pipeline,
        "amount": event.amount.amount,
        "currency": event.amount.currency,
        "seen_at": time,
        **values,
    }
    statement = insert(DealFact).values(tenant_id=tenant_id, deal_id=event.deal_id, **common)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "deal_id"], set_=common, where=DealFact.seen_at <= time
        )
    )
    if values.get("stage"):
        entered = insert(DealStageFact).values(
            tenant_id=tenant_id,
            deal_id=event.deal_id,
            stage=values["stage"],
            pipeline=event.pipeline,
            entered_at=time,
        )
        await session.execute(
            entered.on_conflict_do_update(
                index_elements=["tenant_id", "deal_id", "stage"],
                set_={"entered_at": func.least(DealStageFact.entered_at, entered.excluded.entered_at)},
            )
        )


async def deal_created(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.DealCreated
) -> None:
    """A deal was opened; its source and birthday are set even when a later event came first."""
    await _deal(session, tenant_id, time, event, stage=event.stage, status="open")
    await _set_deal(session, tenant_id, event.deal_id, {"created_at": time, "source": event.source})


async def _set_deal(session: AsyncSession, tenant_id: UUID, deal_id: UUID, values: dict[str, Any]) -> None:
    await session.execute(
        update(DealFact).where(DealFact.tenant_id == tenant_id, DealFact.deal_id == deal_id).values(**values)
    )


async def deal_moved(session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.DealMoved) -> None:
    """A deal is in another stage."""
    await _deal(session, tenant_id, time, event, stage=event.stage, status="open")


async def deal_won(session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.DealWon) -> None:
    """A deal was won."""
    await _deal(session, tenant_id, time, event, status="won", closed_at=time)


async def deal_lost(session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.DealLost) -> None:
    """A deal was lost."""
    await _deal(session, tenant_id, time, event, status="lost", closed_at=time)


async def deal_reopened(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.DealReopened
) -> None:
    """A deal is open again."""
    await _deal(session, tenant_id, time, event, stage=event.stage, status="open", closed_at=None)


async def lead_created(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.LeadCreated
) -> None:
    """A lead came in."""
    values = {"source": event.source, "created_at": time}
    await _upsert(session, LeadFact, {"tenant_id": tenant_id, "lead_id": event.lead_id}, values)


async def lead_converted(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.LeadConverted
) -> None:
    """A lead became a deal."""
    values = {"converted_at": time, "deal_id": event.deal_id}
    await _upsert(session, LeadFact, {"tenant_id": tenant_id, "lead_id": event.lead_id}, values)


async def task_assigned(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.TaskAssigned
) -> None:
    """A task was given to somebody."""
    values = {"assignee_id": event.assignee_id, "assigned_at": time, "due_at": event.due_at}
    await _upsert(session, TaskFact, {"tenant_id": tenant_id, "task_id": event.task_id}, values)


async def task_completed(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: crm.TaskCompleted
) -> None:
    """A task was done."""
    values = {"completed_at": event.completed_at}
    await _upsert(session, TaskFact, {"tenant_id": tenant_id, "task_id": event.task_id}, values)


async def stock_changed(
    session: AsyncSession, tenant_id: UUID, time: datetime, event: catalog.StockChanged
) -> None:
    """The stock of a variant, unless a later revision came first."""
    keys = {"tenant_id": tenant_id, "store_id": event.store_id, "variant_id": event.variant_id}
    values = {
        "sku": event.sku,
        "on_hand": event.on_hand,
        "reserved": event.reserved,
        "allocated": event.allocated,
        "available": event.available,
        "revision": event.revision,
    }
    statement = insert(StockFact).values(**keys, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=list(keys),
            set_=values,
            where=StockFact.revision < event.revision,
        )
    )


_PROJECTIONS: tuple[tuple[type[Event], Projection], ...] = (
    (orders.OrderPlaced, order_placed),
    (orders.OrderPaid, order_paid),
    (orders.OrderExpired, _order_step("expired_at")),
    (orders.OrderCancelled, _order_step("cancelled_at")),
    (orders.OrderDelivered, _order_step("delivered_at")),
    (orders.OrderCompleted, _order_step("completed_at")),
    (payments.PaymentSucceeded, payment_succeeded),
    (payments.RefundSucceeded, refund_succeeded),
    (crm.DealCreated, deal_created),
    (crm.DealMoved, deal_moved),
    (crm.DealWon, deal_won),
    (crm.DealLost, deal_lost),
    (crm.DealReopened, deal_reopened),
    (crm.LeadCreated, lead_created),
    (crm.LeadConverted, lead_converted),
    (crm.TaskAssigned, task_assigned),
    (crm.TaskCompleted, task_completed),
    (catalog.StockChanged, stock_changed),
)

# What analytics keeps, by wire name.
TAKEN: dict[str, tuple[type[Event], Projection]] = {event.wire_name: (event, f) for event, f in _PROJECTIONS}
EVENTS: tuple[type[Event], ...] = tuple(event for event, _ in _PROJECTIONS)
