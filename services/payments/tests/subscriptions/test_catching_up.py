"""Where more is due than one transaction bills: the rest follows in jobs of as few steps, in order, each period once."""

from typing import Any
from uuid import UUID

from libs.common.testing.actors import user
from libs.contracts.payments import SubscriptionRenewed, SubscriptionStarted
from services.payments.subscriptions.jobs import advance
from services.payments.subscriptions.repository import SubscriptionRepository
from services.payments.subscriptions.schedule import AGAIN, STEPS
from services.payments.tests.shop import Shop
from services.payments.tests.subscriptions.sold import Seller
from services.payments.tests.subscriptions.test_at_once import cut_off

# From BEGIN, and as many periods as that is.
LONG_AGO, PERIODS = "2026-01-10T10:00:00Z", 22


async def numbers(seller: Seller, sold: dict[str, Any]) -> list[int]:
    """The periods that were billed, in the order of their invoices."""
    return [one["subscription_period"] for one in await seller.invoices(sold)]


async def test_a_sale_that_began_long_ago_bills_few_periods_and_its_jobs_the_rest(seller: Seller) -> None:
    sold = await seller.sell(interval="day", starts_at=LONG_AGO, due_days=365)

    assert (sold["status"], sold["period"], sold["next_billing_at"]) == (
        "active",
        STEPS,
        "2026-01-14T10:00:00Z",
    )
    assert await numbers(seller, sold) == list(range(1, STEPS + 1))

    # No time passes, so that no sweep finds it: the sale itself has left a job, and each job the next one.
    await seller.shop.work()

    assert await numbers(seller, sold) == list(range(1, PERIODS + 1))
    assert (await seller.get(sold))["next_billing_at"] == "2026-02-01T10:00:00Z"
    assert len(await seller.told(SubscriptionStarted)) == 1
    renewed = [one["period"] for one in await seller.told(SubscriptionRenewed)]
    assert renewed == list(range(2, PERIODS + 1))


async def test_one_transaction_bills_no_more_than_so_many_periods(seller: Seller) -> None:
    sold = await seller.sell(interval="day", due_days=365)
    seller.clock.advance(days=3 * STEPS)

    async with seller.context.unit_of_work(tenant_id=seller.shop.tenant_id) as uow:
        await advance(uow, {"subscription_id": sold["id"]})

    assert (await seller.get(sold))["period"] == 1 + STEPS


async def test_killed_between_two_of_its_jobs_it_is_found_again(seller: Seller) -> None:
    sold = await seller.sell(interval="day", starts_at=LONG_AGO, due_days=365)

    await cut_off(seller, lambda uow: advance(uow, {"subscription_id": sold["id"]}), platform=False)
    async with seller.context.unit_of_work(platform=True) as uow:
        jobs = uow.context.models.job.__table__
        await uow.session.execute(jobs.delete().where(jobs.c.name == "advance_subscription"))
    seller.clock.advance(seconds=AGAIN.total_seconds())
    await seller.work()

    assert await numbers(seller, sold) == list(range(1, PERIODS + 1))


async def test_a_business_with_many_that_are_due_makes_no_other_wait(
    seller: Seller, other_tenant_id: UUID
) -> None:
    many = [await seller.sell(due_days=60) for _ in range(4)]
    seller.clock.advance(hours=1)
    other = Seller(
        Shop(seller.client.acting(user(other_tenant_id)), seller.shop.orders, other_tenant_id), seller.clock
    )
    last = await other.sell(due_days=60)
    seller.clock.advance(days=30)

    async with seller.context.unit_of_work(platform=True) as uow:
        found = {str(row.id) for row in await SubscriptionRepository(uow).due(uow.now, 2)}

    assert last["id"] in found
    assert len(found & {one["id"] for one in many}) == 1


async def test_one_with_a_trial_that_begins_later_begins_with_it(seller: Seller) -> None:
    sold = await seller.sell(starts_at="2026-03-01T00:00:00Z", trial_days=14)
    assert sold["status"] == "scheduled"

    await seller.at(2026, 3, 2)

    assert (await seller.get(sold))["status"] == "trialing"
    (started,) = await seller.told(SubscriptionStarted)
    assert started["trial_ends_at"] == "2026-03-15T00:00:00Z"
    assert await seller.invoices(sold) == []
