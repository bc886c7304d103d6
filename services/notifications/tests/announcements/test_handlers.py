"""What people are told beside the main story, and what repeats do."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.event import Event
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, envelope
from libs.common.testing.round_trips import round_trips
from libs.contracts.analytics import AnomalyDetected
from libs.contracts.catalog import StockLow
from libs.contracts.crm import DealLost, DealWon, MessagePosted, TaskAssigned
from libs.contracts.identity import DomainProofMissing, MemberRemoved, RegistrationRejected
from libs.contracts.orders import OrderCancelled, OrderExpired, ShipmentCreated, ShipmentUpdated
from libs.contracts.payments import InvoiceIssued, PaymentFailed, RefundSucceeded
from services.notifications.announcements.jobs import LOOKS, TELL_STAFF
from services.notifications.tests.conftest import OpenContext
from services.notifications.tests.factories import (
    acting,
    activation,
    all_deliveries,
    join,
    mails,
    notices,
    paid,
    placed,
    pushes,
    register_device,
    registration,
    run_jobs,
    take,
    zar,
)


async def test_a_message_reaches_its_readers_but_not_its_author(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    author, reader, gone = [await join(context, tenant_id, "manager") for _ in range(3)]
    await take(context, MemberRemoved(company_id=tenant_id, user_id=gone.user_id), tenant_id)
    late = new_id()
    token = await register_device(acting(client, reader))
    event = MessagePosted(
        message_id=new_id(),
        object_type="deal",
        object_id=new_id(),
        author_id=author.user_id,
        author_name="Sipho",
        text="Can we deliver on Friday?",
        recipient_ids=[reader.user_id, author.user_id, gone.user_id, late, reader.user_id],
    )

    await take(context, event, tenant_id)
    await run_jobs(context)

    [notice] = await notices(acting(client, reader))
    assert (notice["title"], notice["body"]) == ("Message from Sipho", "Can we deliver on Friday?")
    assert notice["object"] == {"type": "deal", "id": str(event.object_id)}
    assert len(await pushes(client, token)) == 1
    assert await notices(acting(client, author)) == []
    assert await notices(acting(client, gone)) == []


async def test_a_task_reaches_its_assignee(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    assignee = await join(context, tenant_id, "staff")
    event = TaskAssigned(
        task_id=new_id(),
        name="Call the owner",
        assignee_id=assignee.user_id,
        due_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    await take(context, event, tenant_id)

    [notice] = await notices(acting(client, assignee))
    assert notice["type"] == "task_assigned"
    assert notice["link"] == f"/tasks/{event.task_id}"
    assert "2026-11-20" in notice["body"]


async def test_the_staff_hear_how_a_deal_ended(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    staff = await join(context, tenant_id, "staff")
    deal: dict[str, Any] = {
        "deal_id": new_id(),
        "name": "Karoo",
        "pipeline_id": new_id(),
        "pipeline": "Sales",
        "amount": zar(49900),
    }
    await take(context, DealWon(**deal), tenant_id)
    await take(context, DealLost(**deal, reason="Too dear"), tenant_id)

    lost, won = await notices(acting(client, staff), type="deal_update")
    assert (won["title"], lost["title"]) == ("Deal won: Karoo", "Deal lost: Karoo")
    assert "Too dear" in lost["body"]


async def test_a_rejected_applicant_gets_a_mail(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    event = RegistrationRejected(
        registration_id=new_id(),
        company_id=tenant_id,
        company_name="Karoo",
        owner_user_id=new_id(),
        owner_email=email,
        reason="No licence",
    )
    await take(context, event, new_id())
    await run_jobs(context)

    [item] = await mails(client, email)
    assert "No licence" in (await client.get(f"/mailbox/{item['id']}")).json()["text"]


@pytest.mark.parametrize(("is_lost", "said"), [(False, "by 2026-05-08"), (True, "verify the host name anew")])
async def test_who_runs_the_business_hears_of_a_host_name_without_proof(
    context: ServiceContext, client: Client, tenant_id: UUID, is_lost: bool, said: str
) -> None:
    owner, manager = await join(context, tenant_id, "owner"), await join(context, tenant_id, "manager")
    event = DomainProofMissing(
        company_id=tenant_id,
        domain_id=new_id(),
        host="shop.karoo.example",
        record="_pillars-verification.shop.karoo.example",
        is_lost=is_lost,
        lost_at=datetime(2026, 5, 8, tzinfo=UTC),
    )
    await take(context, event, tenant_id)

    (notice,) = await notices(acting(client, owner))
    assert said in notice["body"]
    assert "_pillars-verification.shop.karoo.example" in notice["body"]
    assert await notices(acting(client, manager)) == []


async def test_low_stock_is_told_in_the_app_only(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    manager = await join(context, tenant_id, "manager")
    await register_device(acting(client, manager))
    event = StockLow(
        store_id=new_id(), variant_id=new_id(), sku="HB-1", name="Blend", available=2, threshold=5
    )
    await take(context, event, tenant_id)

    assert [n["title"] for n in await notices(acting(client, manager))] == ["Low stock: Blend"]
    assert await all_deliveries(client) == []


async def test_an_anomaly_is_told_to_those_who_may_see_figures(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    manager, helper = await join(context, tenant_id, "manager"), await join(context, tenant_id, "support")
    event = AnomalyDetected(
        anomaly_id=new_id(),
        metric="revenue",
        day=date(2026, 5, 5),
        direction="high",
        severity="high",
        observed=912_000,
        expected=304_000.4,
        low=200_000,
        high=400_000,
        score=6.5,
        currency="ZAR",
        detected_at=datetime.now(UTC),
    )
    await take(context, event, tenant_id)

    [told] = await notices(acting(client, manager))
    assert told["title"] == "Unusual on 2026-05-05: Revenue"
    assert "ZAR 9" in told["body"]
    assert "ZAR 3" in told["body"]
    assert await notices(acting(client, helper)) == []


def _later_events(order_id: UUID, email: str) -> dict[str, Event]:
    same: dict[str, Any] = {"order_id": order_id, "number": "1001", "email": email}
    totals = placed(email).totals
    payment: dict[str, Any] = {"payment_id": new_id(), "order_id": order_id, "amount": zar(5000)}
    shipment = {"shipment_id": new_id(), "tracking_reference": "TCG123"}
    now = datetime.now(UTC)
    return {
        "Order 1001 was cancelled": OrderCancelled(**same, totals=totals, was_paid=True),
        "Order 1001 has expired": OrderExpired(**same, totals=totals),
        "Order 1001 is on its way": ShipmentCreated(**same, **shipment, carrier="TCG", lines=[]),
        "Order 1001 has arrived": ShipmentUpdated(**same, **shipment, status="delivered"),
        "": ShipmentUpdated(**same, **shipment, status="in_transit"),
        "Payment for order 1001 failed": PaymentFailed(**payment, provider="sandbox", reason="declined"),
        "Refund for order 1001": RefundSucceeded(
            **payment,
            refund_id=new_id(),
            refunded_total=zar(5000),
            payment_amount=zar(9000),
            succeeded_at=now,
        ),
        "Invoice INV-1": InvoiceIssued(
            invoice_id=new_id(), number="INV-1", order_id=order_id, total=zar(9000), issued_at=now
        ),
    }


@pytest.mark.parametrize("subject", list(_later_events(new_id(), "a@example.com")))
async def test_a_guest_is_mailed_what_becomes_of_the_order(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str, subject: str
) -> None:
    await join(context, tenant_id, "owner")
    order = placed(email)
    await take(context, order, tenant_id)
    event = _later_events(order.order_id, email)[subject]

    await take(context, event, tenant_id)
    await run_jobs(context)

    subjects = {m["subject"] for m in await mails(client, email)}
    assert subjects == {"Your order 1001", subject} - {""}


async def test_an_invoice_mail_has_a_link(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    event = InvoiceIssued(
        invoice_id=new_id(), number="INV-2", email=email, total=zar(100), issued_at=datetime.now(UTC)
    )
    await take(context, event, tenant_id)
    nobody = event.model_copy(update={"email": None})
    await take(context, nobody, tenant_id)
    await run_jobs(context)

    [item] = await mails(client, email)
    mail = (await client.get(f"/mailbox/{item['id']}")).json()
    assert f"/api/v1/invoices/{event.invoice_id}/pdf" in mail["text"]
    assert 'href="http' in mail["html"]


async def test_an_event_of_an_order_that_is_not_known_yet_waits_for_it(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    await join(context, tenant_id, "owner")
    order = placed(email)
    refund = envelope(_later_events(order.order_id, email)["Refund for order 1001"], tenant_id)

    assert await deliver(context, refund) == [Verdict.RETRY]
    await take(context, order, tenant_id)
    assert await deliver(context, refund) == [Verdict.DONE]


async def test_a_registration_waits_until_staff_are_known(
    fresh_database: Any, open_context: OpenContext
) -> None:
    from libs.common.runtime.context import ServiceContext as Context
    from services.notifications.manifest import SERVICE

    empty = Context(SERVICE, fresh_database(SERVICE))
    try:
        told = await deliver(empty, registration(), new_id(), handler="notifications.announce_registration")
        assert told == [Verdict.RETRY]
    finally:
        await empty.close()


@pytest.mark.parametrize("size", [1, 3])
async def test_customers_do_not_wait_for_a_shop_whose_staff_is_not_known_yet(
    open_context: OpenContext, tenant_id: UUID, size: int, email: str
) -> None:
    clock = ManualClock()
    context = await open_context(clock=clock)
    client = Client(context, user(tenant_id))
    batch = [envelope(placed(email, number=str(n)), tenant_id) for n in range(size)]
    for name in ("notifications.tell_of_order", "notifications.confirm_order"):
        handler = next(s for s in context.service.subscriptions if s.name == name)
        assert await Consumer(context).deliver_batch(handler, batch) == [Verdict.DONE] * size
    await run_jobs(context)
    assert len(await mails(client, email)) == size

    # Nobody is known at the first look; at the second the shop is told, once, though two handlers asked for it.
    clock.advance(seconds=LOOKS[0])
    await run_jobs(context)
    owner = await join(context, tenant_id, "owner")
    assert await notices(acting(client, owner)) == []
    clock.advance(seconds=LOOKS[1])
    await run_jobs(context)
    assert [n["type"] for n in await notices(acting(client, owner))] == ["order_received"] * size


async def test_a_shop_without_staff_is_waited_for_a_while_only(
    open_context: OpenContext, tenant_id: UUID, email: str
) -> None:
    clock = ManualClock()
    context = await open_context(clock=clock)
    await take(context, placed(email), tenant_id)
    for seconds in LOOKS:
        clock.advance(seconds=seconds)
        await run_jobs(context)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        job = context.models.job
        mine = select(job.id).where(
            job.tenant_id == tenant_id, job.finished_at.is_(None), job.name == TELL_STAFF
        )
        assert (await uow.session.execute(mine)).all() == []
        looked = select(func.count()).where(job.tenant_id == tenant_id, job.name == TELL_STAFF)
        assert await uow.session.scalar(looked) == len(LOOKS)


async def test_repeats_of_every_event_tell_nobody_twice(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    owner = await join(context, tenant_id, "owner")
    me = acting(client, owner)
    token = await register_device(me)
    order = placed(email)
    events = [
        activation(tenant_id, owner_user_id=owner.user_id, owner_email=owner.email),
        order,
        paid(order),
        *_later_events(order.order_id, email).values(),
    ]
    envelopes = [envelope(event, tenant_id) for event in events]

    for _ in range(3):
        for sent in envelopes:
            assert set(await deliver(context, sent)) == {Verdict.DONE}
        await run_jobs(context)

    inbox = await notices(me)
    assert len(inbox) == len({n["type"] for n in inbox}) == 3
    assert len(await pushes(client, token)) == 2
    subjects = [m["subject"] for m in await mails(client, email)]
    assert len(subjects) == len(set(subjects)) == 9


async def test_the_effect_is_had_once_even_without_the_inbox(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    """Marks of handled events are swept after a while; the keys of notices and deliveries stay."""
    from sqlalchemy import text

    owner = await join(context, tenant_id, "owner")
    sent = envelope(activation(tenant_id, owner_user_id=owner.user_id, owner_email=owner.email), tenant_id)
    for _ in range(2):
        await deliver(context, sent)
        async with context.unit_of_work(platform=True) as uow:
            await uow.session.execute(
                text("DELETE FROM notifications.inbox WHERE event_id = :id"), {"id": sent.id}
            )
    await run_jobs(context)

    assert len(await notices(acting(client, owner))) == 1
    assert len(await mails(client, owner.email)) == 1


async def test_a_batch_of_orders_of_many_shops_reaches_everybody_in_few_round_trips(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    owners = {shop: await join(context, shop, "owner") for shop in (tenant_id, other_tenant_id)}
    handler = next(s for s in context.service.subscriptions if s.name == "notifications.tell_of_order")
    counts = []
    for size in (2, 12):
        batch = [
            envelope(placed(f"{new_id().hex}@example.com", number=f"{size}-{n:02d}"), list(owners)[n % 2])
            for n in range(size)
        ]
        with round_trips(context.engine) as trips:
            assert set(await Consumer(context).deliver_batch(handler, batch)) == {Verdict.DONE}
        counts.append(len(trips.statements))
    await run_jobs(context)

    # The inbox; for each shop people, texts with wishes, and notices with mails; and what nothing was read of.
    assert counts == [9, 9]
    for shop, owner in owners.items():
        inbox = await notices(acting(client, owner))
        assert len(inbox) == 7
        mine = [one for n, one in enumerate(batch) if list(owners)[n % 2] == shop]
        for order in mine:
            [mail] = await mails(client, order.data["email"])
            assert mail["subject"] == f"Your order {order.data['number']}"
            assert sum(order.data["number"] in one["title"] + one["body"] for one in inbox) == 1


@pytest.mark.parametrize("with_successor", [False, True])
async def test_what_the_queues_of_the_release_before_hold_has_its_effect_once(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str, with_successor: bool
) -> None:
    owner = await join(context, tenant_id, "owner")
    order = placed(email)
    for told, suffix in ((order, "of_order"), (paid(order), "of_payment")):
        sent = envelope(told, tenant_id)
        new = next(s for s in context.service.subscriptions if s.name == f"notifications.tell_{suffix}")
        assert not any(s.patterns for s in context.service.subscriptions if s.name in new.replaces)
        for handler in (*new.replaces, *([new.name] if with_successor else [])):
            assert await deliver(context, sent, handler=handler) == [Verdict.DONE]
    await run_jobs(context)
    assert len(await notices(acting(client, owner))) == 2
    assert len(await mails(client, email)) == 2
