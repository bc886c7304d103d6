"""Cut off at any line, repeated, or done twice at once: a period has one invoice, and its number is the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from libs.common.actor import system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.runner import JobRunner
from libs.contracts.payments import SubscriptionPastDue, SubscriptionRenewed
from services.payments.subscriptions.jobs import advance, sweep
from services.payments.subscriptions.life import SubscriptionLife
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.tests.subscriptions.sold import Seller

DUNNING = {"reminder_days": [3], "final_days": 60, "then": "cancel"}


class Killed(Exception):
    """The process ended here."""


async def cut_off(seller: Seller, work: Callable[[UnitOfWork], Awaitable[None]], *, platform: bool) -> None:
    """Do work in a transaction that ends with the process."""

    async def end() -> None:
        actor = system_actor("payments", None if platform else seller.shop.tenant_id)
        async with seller.context.unit_of_work(actor, platform=platform) as uow:
            await work(uow)
            raise Killed

    with pytest.raises(Killed):
        await end()


async def moved(seller: Seller, sold: dict[str, Any]) -> None:
    """What the job of a subscription does, in a transaction of its own."""
    actor = system_actor("payments", seller.shop.tenant_id)
    async with seller.context.unit_of_work(actor) as uow:
        await advance(uow, {"subscription_id": sold["id"]})


async def test_killed_between_the_invoice_and_the_subscription_nothing_happened(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)
    seller.clock.advance(days=29)

    async def invoiced(uow: UnitOfWork) -> None:
        row = await SubscriptionRepository(uow).locked(UUID(sold["id"]))
        assert row is not None
        invoice = await SubscriptionLife(uow).billing.begin_period(row)
        assert invoice.number == "INV-000002"

    await cut_off(seller, invoiced, platform=False)
    assert await seller.get(sold) == sold
    await seller.work()

    assert [one["number"] for one in await seller.invoices(sold)] == ["INV-000001", "INV-000002"]
    assert len(await seller.told(SubscriptionRenewed)) == 1


async def test_killed_after_the_commit_a_repeat_finds_nothing_to_do(seller: Seller) -> None:
    sold = await seller.sell(due_days=7, dunning=DUNNING)
    seller.clock.advance(days=29)
    for _ in range(3):
        await moved(seller, sold)

    assert len(await seller.invoices(sold)) == 2
    assert [one["reminder"] for one in await seller.told(SubscriptionPastDue)] == [0, 1]


async def test_what_is_done_twice_at_once_is_done_once(seller: Seller) -> None:
    sold = await seller.sell(interval="day", due_days=60)
    seller.clock.advance(days=3, hours=1)

    await asyncio.gather(*(moved(seller, sold) for _ in range(4)))

    found = await seller.invoices(sold)
    assert [one["subscription_period"] for one in found] == [1, 2, 3, 4]
    assert [one["number"] for one in found] == [f"INV-{n:06d}" for n in range(1, 5)]


async def test_two_sweeps_at_once_take_each_subscription_once(seller: Seller) -> None:
    sold = [await seller.sell(due_days=60) for _ in range(5)]
    seller.clock.advance(days=29)

    async def swept() -> None:
        async with seller.context.unit_of_work(system_actor("payments"), platform=True) as uow:
            await sweep(uow, {})

    await asyncio.gather(swept(), swept())
    await asyncio.gather(*(JobRunner(seller.context).run_due() for _ in range(2)))
    await seller.work()

    for one in sold:
        assert [i["subscription_period"] for i in await seller.invoices(one)] == [1, 2]
    assert len(await seller.told(SubscriptionRenewed)) == 5


async def test_a_job_that_was_lost_is_found_again(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)
    seller.clock.advance(days=29)

    await cut_off(seller, lambda uow: sweep(uow, {}), platform=True)
    await seller.work()

    assert len(await seller.invoices(sold)) == 2


async def test_payments_changes_and_steps_at_once_do_not_wait_for_each_other_for_ever(seller: Seller) -> None:
    sold = await seller.sell(due_days=7, dunning=DUNNING)
    await seller.at(2026, 2, 9)
    seller.clock.advance(days=20)
    (invoice,) = await seller.invoices(sold)

    await asyncio.wait_for(
        asyncio.gather(
            seller.pay(invoice),
            moved(seller, sold),
            seller.do(sold, "change", quantity=2),
            moved(seller, sold),
            seller.do(sold, "change", quantity=3),
        ),
        timeout=60,
    )

    found = await seller.get(sold)
    assert (found["status"], found["period"], found["quantity"] in (2, 3)) == ("active", 2, True)
    assert (await seller.invoices(sold))[0]["status"] == "paid"


async def test_a_payment_that_is_sent_twice_counts_once(seller: Seller) -> None:
    sold = await seller.sell(due_days=7, dunning=DUNNING)
    await seller.at(2026, 2, 9)
    (invoice,) = await seller.invoices(sold)
    body, key = {"method": "cash"}, {"Idempotency-Key": "till-1"}
    path = f"/invoices/{invoice['id']}/pay"

    answers = await asyncio.gather(*(seller.client.post(path, json=body, headers=key) for _ in range(3)))

    assert {answer.status_code for answer in answers} == {200}
    assert (await seller.shop.balances())["cash:cash"] == 30_000
    assert (await seller.get(sold))["status"] == "active"


async def test_a_final_invoice_never_changes_what_it_is_for(seller: Seller) -> None:
    sold = await seller.sell()
    with psycopg.connect(seller.context.common.database_url) as connection:
        for change in ("subscription_id = NULL", "subscription_period = 7", "period_end = now()"):
            with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
                connection.execute(
                    f"UPDATE payments.invoices SET {change} WHERE subscription_id = %s", (sold["id"],)
                )
