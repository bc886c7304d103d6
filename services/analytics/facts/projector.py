"""Turns events into facts. Each function gives rows whose upserts have one result, in any order, any number of times."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.event import Event
from libs.contracts import catalog, crm, orders
from services.analytics.facts import invoices, leads, money, prices, tasks
from services.analytics.facts.models import (
    DealFact,
    DealStageFact,
    OrderFact,
    OrderLineFact,
    StockFact,
)
from services.analytics.facts.writing import Facts, Projection, Shape, the_first, the_higher, the_lower

_ORDER = ("number", "customer", "currency", "subtotal", "discount", "shipping", "tax", "total")
ORDER_PLACED = Shape(OrderFact, (*_ORDER, "placed_at"))
ORDER_PAID = Shape(OrderFact, (*_ORDER, "paid_at"))
ORDER_EXPIRED = Shape(OrderFact, ("expired_at",))
ORDER_CANCELLED = Shape(OrderFact, ("cancelled_at",))
ORDER_DELIVERED = Shape(OrderFact, ("delivered_at",))
ORDER_COMPLETED = Shape(OrderFact, ("completed_at",))
ORDER_LINE = Shape(
    OrderLineFact,
    ("order_id", "product_id", "variant_id", "sku", "name", "quantity", "total", "tax_included", "currency"),
    sets=(),
    merge=the_first,
)
_DEAL = ("pipeline", "amount", "currency", "seen_at", "status", "name", "owner_id", "expected_close_on")
# Where a deal stands, unless a later event has said so already.
DEAL_AMOUNT = Shape(DealFact, _DEAL, since="seen_at")
DEAL_CHANGED = Shape(DealFact, (*_DEAL, "stage"), since="seen_at")
DEAL_OPEN = Shape(DealFact, (*_DEAL, "stage", "stage_entered_at"), since="seen_at")
DEAL_CLOSED = Shape(DealFact, (*_DEAL, "closed_at"), since="seen_at")
DEAL_REOPENED = Shape(DealFact, (*_DEAL, "stage", "stage_entered_at", "closed_at"), since="seen_at")
# Its source and birthday are set even when a later event came first.
DEAL_BORN = Shape(DealFact, (*_DEAL, "created_at", "source"), sets=("created_at", "source"))
DEAL_STAGE = Shape(
    DealStageFact,
    ("pipeline", "entered_at"),
    sets=("entered_at",),
    merge=the_lower("entered_at"),
    least=("entered_at",),
)
# Unless a later revision came first.
STOCK = Shape(
    StockFact,
    ("sku", "on_hand", "reserved", "allocated", "available", "revision"),
    merge=the_higher("revision"),
    above="revision",
)

SHAPES = (
    ORDER_PLACED,
    ORDER_PAID,
    ORDER_EXPIRED,
    ORDER_CANCELLED,
    ORDER_DELIVERED,
    ORDER_COMPLETED,
    ORDER_LINE,
    *money.SHAPES,
    DEAL_AMOUNT,
    DEAL_CHANGED,
    DEAL_OPEN,
    DEAL_CLOSED,
    DEAL_REOPENED,
    DEAL_BORN,
    DEAL_STAGE,
    *leads.SHAPES,
    STOCK,
    *tasks.SHAPES,
    *invoices.SHAPES,
    *prices.SHAPES,
)


async def project(uow: UnitOfWork, events: Iterable[tuple[UUID, datetime, Event]]) -> None:
    """Build the facts of events, each given with its tenant and time; those that no fact comes from are passed over.

    They are recorded, and written with the next flush at the latest.
    """
    facts = Facts()
    for tenant_id, time, event in events:
        if apply := PROJECTIONS.get(type(event)):
            apply(facts, tenant_id, time, event)
    await facts.write_down(uow, SHAPES)


def order_placed(facts: Facts, tenant_id: UUID, time: datetime, event: orders.OrderPlaced) -> None:
    """An order with its lines."""
    facts.write(ORDER_PLACED, {**_order(tenant_id, event), "placed_at": event.placed_at})
    _lines(facts, tenant_id, event)


def order_paid(facts: Facts, tenant_id: UUID, time: datetime, event: orders.OrderPaid) -> None:
    """The order was paid; its data come along, should this be the first event of it."""
    facts.write(ORDER_PAID, {**_order(tenant_id, event), "paid_at": event.paid_at})
    _lines(facts, tenant_id, event)


def _order(tenant_id: UUID, event: orders.OrderPlaced | orders.OrderPaid) -> dict[str, Any]:
    totals = event.totals
    return {
        "tenant_id": tenant_id,
        "order_id": event.order_id,
        "number": event.number,
        "customer": str(event.customer_user_id or event.email.lower()),
        "currency": totals.total.currency,
        "subtotal": totals.subtotal.amount,
        "discount": totals.discount.amount,
        "shipping": totals.shipping.amount,
        "tax": totals.tax.amount,
        "total": totals.total.amount,
    }


def _lines(facts: Facts, tenant_id: UUID, event: orders.OrderPlaced | orders.OrderPaid) -> None:
    for line in event.lines:
        row = {
            "tenant_id": tenant_id,
            "line_id": line.line_id,
            "order_id": event.order_id,
            "product_id": line.product_id,
            "variant_id": line.variant_id,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "total": line.total.amount,
            "tax_included": line.tax_included.amount if line.tax_included else None,
            "currency": line.total.currency,
        }
        facts.write(ORDER_LINE, row)


def _order_step(shape: Shape) -> Projection:
    [column] = shape.columns

    def apply(facts: Facts, tenant_id: UUID, time: datetime, event: Any) -> None:
        facts.write(shape, {"tenant_id": tenant_id, "order_id": event.order_id, column: time})

    return apply


def _deal(
    facts: Facts, shape: Shape, tenant_id: UUID, time: datetime, event: Any, status: str, **values: Any
) -> tuple[dict[str, Any], int]:
    """Write where a deal stands; the row of it and its turn."""
    row = {
        "tenant_id": tenant_id,
        "deal_id": event.deal_id,
        "pipeline": event.pipeline,
        "amount": event.amount.amount,
        "currency": event.amount.currency,
        "seen_at": time,
        "status": status,
        "name": event.name,
        "owner_id": event.owner_id,
        "expected_close_on": event.expected_close_on,
    }
    # Events of one deal set different columns, each unless a later one was seen: they are written one by one.
    turn = facts.next_turn(tenant_id, event.deal_id)
    facts.write(shape, {**row, **values}, turn=turn)
    return row, turn


def _entered(time: datetime, event: Any) -> dict[str, Any]:
    return {"stage": event.stage, "stage_entered_at": time}


def _stage(facts: Facts, tenant_id: UUID, time: datetime, event: Any) -> None:
    row = {
        "tenant_id": tenant_id,
        "deal_id": event.deal_id,
        "stage": event.stage,
        "pipeline": event.pipeline,
        "entered_at": time,
    }
    if event.stage:
        facts.write(DEAL_STAGE, row)


def deal_created(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealCreated) -> None:
    """A deal was opened."""
    row, turn = _deal(facts, DEAL_OPEN, tenant_id, time, event, "open", **_entered(time, event))
    facts.write(DEAL_BORN, {**row, "created_at": time, "source": event.source}, turn=turn)
    _stage(facts, tenant_id, time, event)


def deal_moved(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealMoved) -> None:
    """A deal is in another stage."""
    _deal(facts, DEAL_OPEN, tenant_id, time, event, "open", **_entered(time, event))
    _stage(facts, tenant_id, time, event)


def deal_changed(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealChanged) -> None:
    """A deal is so now, or is gone."""
    status = "deleted" if event.deleted else event.status
    _deal(facts, DEAL_CHANGED, tenant_id, time, event, status, stage=event.stage)


def deal_amount_changed(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealAmountChanged) -> None:
    """An open deal may bring another sum."""
    _deal(facts, DEAL_AMOUNT, tenant_id, time, event, "open")


def deal_won(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealWon) -> None:
    """A deal was won."""
    _deal(facts, DEAL_CLOSED, tenant_id, time, event, "won", closed_at=time)


def deal_lost(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealLost) -> None:
    """A deal was lost."""
    _deal(facts, DEAL_CLOSED, tenant_id, time, event, "lost", closed_at=time)


def deal_reopened(facts: Facts, tenant_id: UUID, time: datetime, event: crm.DealReopened) -> None:
    """A deal is open again."""
    _deal(facts, DEAL_REOPENED, tenant_id, time, event, "open", **_entered(time, event), closed_at=None)
    _stage(facts, tenant_id, time, event)


def stock_changed(facts: Facts, tenant_id: UUID, time: datetime, event: catalog.StockChanged) -> None:
    """The stock of a variant."""
    row = {
        "tenant_id": tenant_id,
        "store_id": event.store_id,
        "variant_id": event.variant_id,
        "sku": event.sku,
        "on_hand": event.on_hand,
        "reserved": event.reserved,
        "allocated": event.allocated,
        "available": event.available,
        "revision": event.revision,
    }
    facts.write(STOCK, row)


PROJECTIONS: dict[type[Event], Projection] = {
    orders.OrderPlaced: order_placed,
    orders.OrderPaid: order_paid,
    orders.OrderExpired: _order_step(ORDER_EXPIRED),
    orders.OrderCancelled: _order_step(ORDER_CANCELLED),
    orders.OrderDelivered: _order_step(ORDER_DELIVERED),
    orders.OrderCompleted: _order_step(ORDER_COMPLETED),
    **money.PROJECTIONS,
    crm.DealCreated: deal_created,
    crm.DealMoved: deal_moved,
    crm.DealChanged: deal_changed,
    crm.DealAmountChanged: deal_amount_changed,
    crm.DealWon: deal_won,
    crm.DealLost: deal_lost,
    crm.DealReopened: deal_reopened,
    **leads.PROJECTIONS,
    catalog.StockChanged: stock_changed,
    **tasks.PROJECTIONS,
    **invoices.PROJECTIONS,
    **prices.PROJECTIONS,
}

# What analytics keeps.
EVENTS: tuple[type[Event], ...] = tuple(PROJECTIONS)
# Those that release 0.1.0 does not take have a queue of their own: its processes would not know them.
LATER: tuple[type[Event], ...] = (
    crm.DealChanged,
    crm.DealAmountChanged,
    crm.LeadChanged,
    crm.TaskChanged,
    *invoices.PROJECTIONS,
    *prices.PROJECTIONS,
)
EARLIER: tuple[type[Event], ...] = tuple(event for event in EVENTS if event not in LATER)
BY_NAME: dict[str, type[Event]] = {event.wire_name: event for event in EVENTS}
