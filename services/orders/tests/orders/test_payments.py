"""Payments meeting orders: in time, twice, late, wrong; refunds and documents on the timeline."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.money import Money
from libs.common.testing.events import deliver, emitted, envelope
from libs.common.testing.eventually import eventually
from libs.common.testing.round_trips import round_trips
from libs.contracts.orders import LatePaymentRefused, OrderExpired, OrderPaid
from libs.contracts.payments import (
    CreditNoteIssued,
    InvoiceIssued,
    PaymentFailed,
    PaymentSucceeded,
    RefundFailed,
    RefundSucceeded,
)
from services.orders.orders.jobs import expire_orders
from services.orders.tests.catalog_app import CatalogApp
from services.orders.tests.shop import Shop, ok, zar


async def refusals(shop: Shop) -> list[tuple[str, str]]:
    """Payment and reason of the refusals that were told."""
    found = await emitted(shop.context, shop.tenant_id, LatePaymentRefused)
    return [(e.data["payment_id"], e.data["reason"]) for e in found]


async def expired(shop: Shop, *lines: tuple[str, int]) -> dict:
    """An order that was not paid in time."""
    order = await shop.placed(*lines)
    shop.clock.advance(minutes=16)
    await shop.run(expire_orders)
    shown = await shop.order(order)
    assert shown["status"] == "expired"
    return shown


async def test_a_payment_in_time_pays_the_order(shop: Shop) -> None:
    order, payment = await shop.placed(), new_id()

    assert await shop.pay(order, payment_id=payment) == [Verdict.DONE]

    shown = await shop.order(order)
    assert (shown["status"], shown["payment_id"]) == ("paid", str(payment))
    (fact,) = await emitted(shop.context, shop.tenant_id, OrderPaid)
    paid = OrderPaid.model_validate(fact.data)
    assert (paid.payment_id, paid.number, paid.totals.total.amount) == (payment, "O-000001", 44800)
    assert [line.sku for line in paid.lines] == ["SKU-1"]


async def test_a_payment_in_time_reads_the_order_once(shop: Shop) -> None:
    order = await shop.placed()

    with round_trips(shop.context.engine) as trips:
        assert await shop.pay(order) == [Verdict.DONE]

    # The event is claimed, the order is locked and read, and what changed goes out with the commit.
    claimed, locked, changed = trips.statements
    assert ([s.split()[0] for s in claimed], [s.split()[0] for s in locked]) == (["INSERT"], ["SELECT"] * 2)
    assert len([statement for statement in changed if statement.startswith("UPDATE orders.orders ")]) == 1


async def test_a_payment_told_twice_or_at_once_pays_once(shop: Shop) -> None:
    order, payment = await shop.placed(), new_id()
    event = PaymentSucceeded(
        payment_id=payment,
        order_id=UUID(order["id"]),
        amount=Money(**order["totals"]["total"]),
        provider="sandbox",
        succeeded_at=shop.clock.now(),
    )
    sent = envelope(event, shop.tenant_id)

    await asyncio.gather(deliver(shop.context, sent), deliver(shop.context, sent))
    await asyncio.gather(*(shop.pay(order, payment_id=payment) for _ in range(3)))

    assert len(await emitted(shop.context, shop.tenant_id, OrderPaid)) == 1
    assert await refusals(shop) == []
    assert [e["kind"] for e in await shop.timeline(order)] == ["placed", "paid"]


async def test_of_two_payments_at_once_the_second_is_given_back(shop: Shop) -> None:
    order, payments = await shop.placed(), [new_id(), new_id()]

    await asyncio.gather(*(shop.pay(order, payment_id=payment) for payment in payments))

    winner = (await shop.order(order))["payment_id"]
    (loser,) = {str(p) for p in payments} - {winner}
    assert await refusals(shop) == [(loser, "already-paid")]
    assert len(await emitted(shop.context, shop.tenant_id, OrderPaid)) == 1
    await shop.pay(order, payment_id=UUID(loser))
    assert await refusals(shop) == [(loser, "already-paid")]


async def test_too_small_a_payment_is_given_back_and_the_order_stays_open(shop: Shop) -> None:
    order, payment = await shop.placed(), new_id()

    await shop.pay(order, payment_id=payment, amount=1)

    assert (await shop.order(order))["status"] == "placed"
    assert await refusals(shop) == [(str(payment), "amount-mismatch")]
    assert [e["kind"] for e in await shop.timeline(order)] == ["placed", "payment_refused"]


async def test_an_order_not_paid_in_time_expires_once(shop: Shop) -> None:
    order, fresh = await shop.placed(), None
    shop.clock.advance(minutes=10)
    fresh = await shop.placed()
    shop.clock.advance(minutes=6)

    await asyncio.gather(shop.run(expire_orders), shop.run(expire_orders))

    assert (await shop.order(order))["status"] == "expired"
    assert (await shop.order(fresh))["status"] == "placed"
    (fact,) = await emitted(shop.context, shop.tenant_id, OrderExpired)
    assert fact.data["order_id"] == order["id"]
    assert [(e["kind"], e["actor"]) for e in await shop.timeline(order)][1:] == [("expired", "system:orders")]


async def test_a_late_payment_takes_the_stock_again_where_there_is_some(shop: Shop) -> None:
    variant = shop.shelf.add(stock=2)
    order = await expired(shop, (variant, 2))
    shop.shelf.held.clear()

    await shop.pay(order)

    shown = await shop.order(order)
    assert shown["status"] == "paid"
    assert shown["reserved_until"] > order["reserved_until"]
    assert shop.shelf.held == {order["id"]: {variant: 2}}
    entries = await shop.timeline(order)
    assert [e["kind"] for e in entries] == ["placed", "expired", "paid"]
    assert entries[-1]["data"]["late"] is True
    assert len(await emitted(shop.context, shop.tenant_id, OrderPaid)) == 1


async def test_a_late_payment_is_given_back_where_the_stock_is_gone(shop: Shop) -> None:
    variant, payment = shop.shelf.add(stock=2), new_id()
    order = await expired(shop, (variant, 2))
    shop.shelf.held.clear()
    await shop.placed((variant, 1))

    await shop.pay(order, payment_id=payment)

    assert (await shop.order(order))["status"] == "expired"
    assert await refusals(shop) == [(str(payment), "order-expired")]
    entries = await shop.timeline(order)
    assert [e["kind"] for e in entries] == ["placed", "expired", "payment_refused"]
    assert entries[-1]["reference"] == str(payment)


async def test_a_payment_between_the_end_of_the_reservation_and_the_expiry_is_late_too(shop: Shop) -> None:
    variant = shop.shelf.add(stock=1)
    order = await shop.placed((variant, 1))
    shop.clock.advance(minutes=16)
    shop.shelf.held.clear()
    shop.shelf.stock[variant] = 0

    await shop.pay(order)

    assert [reason for _, reason in await refusals(shop)] == ["order-expired"]
    await shop.run(expire_orders)
    assert (await shop.order(order))["status"] == "expired"


@asynccontextmanager
async def reserving_anew(
    shop: Shop, catalog: CatalogApp, order: Any, payment_id: UUID
) -> AsyncIterator[list[Verdict]]:
    """Within the block the stock of a late order is being reserved for its payment; its verdicts are there after it."""
    verdicts: list[Verdict] = []
    before, shop.shelf.mood = renewals(shop, order), "hang"
    paying = asyncio.create_task(shop.pay(order, payment_id=payment_id))
    await eventually(lambda: renewals(shop, order) > before, seconds=20)
    yield verdicts
    shop.shelf.mood = ""
    catalog.patience.set()
    verdicts += await paying
    catalog.patience.clear()


def renewals(shop: Shop, order: Any) -> int:
    """How often the catalog was asked to reserve the stock of an order."""
    return shop.shelf.count(f"PUT /internal/reservations/{order['id']}")


async def test_an_order_that_expires_while_its_stock_is_reserved_anew_is_renewed_after_that(
    shop: Shop, catalog: CatalogApp
) -> None:
    variant, payment = shop.shelf.add(stock=1), new_id()
    order = await shop.placed((variant, 1))
    shop.clock.advance(minutes=16)
    made = renewals(shop, order)
    async with reserving_anew(shop, catalog, order, payment) as verdicts:
        await shop.run(expire_orders)

    # The catalog will take the expiry for newer than the renewal, and free the stock.
    assert verdicts == [Verdict.RETRY]
    assert (await shop.order(order))["status"] == "expired"
    assert await shop.pay(order, payment_id=payment) == [Verdict.DONE]

    assert renewals(shop, order) == made + 2
    assert (await shop.order(order))["status"] == "paid"


async def test_a_late_payment_waits_for_a_catalog_that_is_down(shop: Shop) -> None:
    order, payment = await expired(shop), new_id()
    shop.shelf.mood = "down"

    assert await shop.pay(order, payment_id=payment) == [Verdict.RETRY]
    assert await refusals(shop) == []
    shop.shelf.mood = ""
    assert await shop.pay(order, payment_id=payment) == [Verdict.DONE]

    assert (await shop.order(order))["status"] == "paid"


async def test_a_payment_for_a_cancelled_order_is_given_back_though_there_is_stock(shop: Shop) -> None:
    variant, payment = shop.shelf.add(stock=2), new_id()
    order = await shop.placed((variant, 2))
    ok(await shop.client.post(f"/orders/{order['id']}/cancel", json={"reason": "Changed my mind"}))
    shop.shelf.held.clear()

    await shop.pay(order, payment_id=payment)

    assert await refusals(shop) == [(str(payment), "order-cancelled")]
    assert (await shop.order(order))["status"] == "cancelled"
    assert shop.shelf.held == {}
    assert await emitted(shop.context, shop.tenant_id, OrderPaid) == []


async def test_an_order_that_is_cancelled_while_its_stock_is_reserved_anew_stays_cancelled(
    shop: Shop, catalog: CatalogApp
) -> None:
    variant, payment = shop.shelf.add(stock=1), new_id()
    order = await shop.placed((variant, 1))
    shop.clock.advance(minutes=16)
    async with reserving_anew(shop, catalog, order, payment) as verdicts:
        ok(await shop.client.post(f"/orders/{order['id']}/cancel", json={"reason": "Changed my mind"}))

    # The cancellation frees the stock in the catalog, or, where it is older than the renewal, the sweep of stale holds.
    assert verdicts == [Verdict.DONE]
    assert await refusals(shop) == [(str(payment), "order-cancelled")]
    assert (await shop.order(order))["status"] == "cancelled"


async def test_a_payment_for_an_unknown_order_is_tried_again(shop: Shop) -> None:
    order = {"id": str(new_id()), "totals": {"total": zar(100)}}

    assert await shop.pay(order) == [Verdict.RETRY]


async def test_refunds_and_documents_are_on_the_timeline_once(shop: Shop) -> None:
    order = await shop.paid()
    order_id, payment_id, now = UUID(order["id"]), UUID(order["payment_id"]), shop.clock.now()
    total = Money(**order["totals"]["total"])

    def refund(amount: int, so_far: int) -> RefundSucceeded:
        return RefundSucceeded(
            refund_id=new_id(),
            payment_id=payment_id,
            order_id=order_id,
            amount=Money(**zar(amount)),
            refunded_total=Money(**zar(so_far)),
            payment_amount=total,
            succeeded_at=now,
        )

    first, second = refund(100, 100), refund(200, 300)
    failed = PaymentFailed(
        payment_id=new_id(), order_id=order_id, amount=total, provider="sandbox", reason="declined"
    )
    refund_failed = RefundFailed(
        refund_id=new_id(), payment_id=payment_id, order_id=order_id, amount=total, reason="closed"
    )
    invoice = InvoiceIssued(
        invoice_id=new_id(), number="I-000001", order_id=order_id, total=total, issued_at=now
    )
    note = CreditNoteIssued(
        credit_note_id=new_id(),
        number="C-000001",
        invoice_id=invoice.invoice_id,
        order_id=order_id,
        total=total,
        issued_at=now,
    )
    # The second refund overtakes the first, and everything is told twice.
    for event in (failed, invoice, second, first, note, refund_failed) * 2:
        assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.DONE]

    kinds = [e["kind"] for e in await shop.timeline(order)]
    assert sorted(kinds) == sorted(
        [
            "placed",
            "paid",
            "payment_failed",
            "invoice_issued",
            "refunded",
            "refunded",
            "credit_note_issued",
            "refund_failed",
        ]
    )
    shown = await shop.order(order)
    assert (shown["refunded"], shown["status"]) == (zar(300), "paid")


async def test_the_refund_of_a_payment_that_was_given_back_does_not_count(shop: Shop) -> None:
    order = await shop.paid()
    amount = Money(**zar(500))
    event = RefundSucceeded(
        refund_id=new_id(),
        payment_id=new_id(),
        order_id=UUID(order["id"]),
        amount=amount,
        refunded_total=amount,
        payment_amount=amount,
        succeeded_at=shop.clock.now(),
    )

    await deliver(shop.context, event, shop.tenant_id)

    assert (await shop.order(order))["refunded"] == zar(0)
    assert (await shop.timeline(order))[-1]["kind"] == "refunded"


async def test_an_invoice_of_an_order_that_is_not_here_waits_for_it(shop: Shop) -> None:
    event = InvoiceIssued(
        invoice_id=new_id(),
        number="I-1",
        order_id=new_id(),
        total=Money(**zar(1)),
        issued_at=shop.clock.now(),
    )

    assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.RETRY]


async def test_an_invoice_of_no_order_is_nothing_to_us(shop: Shop) -> None:
    event = InvoiceIssued(
        invoice_id=new_id(), number="I-1", total=Money(**zar(1)), issued_at=shop.clock.now()
    )

    assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.DONE]
