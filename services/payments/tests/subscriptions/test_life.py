"""The life of a subscription: each period is billed once, in order, whatever stands still in between."""

from itertools import pairwise

from libs.common.actor import system_actor
from libs.common.testing.events import deliver
from libs.contracts.identity import TenantReactivated, TenantSuspended
from libs.contracts.payments import (
    InvoiceIssued,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from services.payments.subscriptions.jobs import advance
from services.payments.tests.subscriptions.sold import Seller, zar


async def test_it_begins_with_an_invoice_and_is_active(seller: Seller) -> None:
    sold = await seller.sell(quantity=2, tax_rate_ppm=150_000, due_days=7)

    (invoice,) = await seller.invoices(sold)
    assert (sold["status"], sold["period"], sold["amount"]) == ("active", 1, zar(60_000))
    assert (sold["current_period_start"], sold["current_period_end"]) == (
        "2026-01-31T10:00:00Z",
        "2026-02-28T10:00:00Z",
    )
    assert sold["next_billing_at"] == sold["current_period_end"]
    assert sold["latest_invoice_id"] == invoice["id"]
    assert (invoice["status"], invoice["number"], invoice["due_on"]) == ("issued", "INV-000001", "2026-02-07")
    assert (invoice["subtotal"], invoice["tax"], invoice["total"]) == (zar(60_000), zar(9_000), zar(69_000))
    assert (invoice["subscription_id"], invoice["subscription_period"]) == (sold["id"], 1)
    assert (invoice["email"], invoice["customer_name"]) == ("thandi@example.com", "Thandi Nkosi")
    (line,) = invoice["lines"]
    assert (line["description"], line["quantity"]) == ("Beans, 2026-01-31 to 2026-02-28", 2)
    (issued,) = await seller.told(InvoiceIssued)
    (started,) = await seller.told(SubscriptionStarted)
    assert issued["email"] == "thandi@example.com"
    assert (started["invoice_id"], started["status"]) == (invoice["id"], "active")


async def test_the_day_is_kept_where_a_month_has_it(seller: Seller) -> None:
    sold = await seller.sell(due_days=365)

    for day in ((2026, 2, 28), (2026, 3, 31), (2026, 4, 30), (2026, 5, 31)):
        await seller.at(*day)

    found = await seller.invoices(sold)
    assert [one["period_start"][:10] for one in found] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
    ]
    assert all(a["period_end"] == b["period_start"] for a, b in pairwise(found))
    assert [one["period"] for one in await seller.told(SubscriptionRenewed)] == [2, 3, 4, 5]


async def test_after_a_standstill_each_period_is_billed_once_and_in_order(seller: Seller) -> None:
    sold = await seller.sell(interval="day", due_days=365)

    await seller.at(2026, 4, 1)
    await seller.work()

    found = await seller.invoices(sold)
    assert [one["subscription_period"] for one in found] == list(range(1, 62))
    assert [one["number"] for one in found] == [f"INV-{n:06d}" for n in range(1, 62)]
    assert found[-1]["period_start"] == "2026-04-01T10:00:00Z"


async def test_one_that_began_before_is_billed_since_then(seller: Seller) -> None:
    sold = await seller.sell(starts_at="2025-11-30T00:00:00+02:00", due_days=365)

    assert [one["period_start"] for one in await seller.invoices(sold)] == [
        "2025-11-29T22:00:00Z",
        "2025-12-29T22:00:00Z",
        "2026-01-29T22:00:00Z",
    ]


async def test_a_trial_is_free_and_counts_from_the_begin(seller: Seller) -> None:
    sold = await seller.sell(trial_days=14)
    assert (sold["status"], sold["trial_ends_at"]) == ("trialing", "2026-02-14T10:00:00Z")
    assert sold["next_billing_at"] == "2026-02-14T10:00:00Z"
    assert await seller.invoices(sold) == []

    await seller.at(2026, 2, 14)

    (invoice,) = await seller.invoices(sold)
    assert invoice["period_start"] == "2026-02-14T10:00:00Z"
    assert (await seller.get(sold))["status"] == "active"


async def test_one_that_begins_later_waits(seller: Seller) -> None:
    sold = await seller.sell(starts_at="2026-03-01T00:00:00Z")
    assert (sold["status"], sold["next_billing_at"]) == ("scheduled", "2026-03-01T00:00:00Z")

    await seller.at(2026, 2, 28)
    assert await seller.told(SubscriptionStarted) == []
    await seller.at(2026, 3, 1)

    (invoice,) = await seller.invoices(sold)
    assert invoice["period_start"] == "2026-03-01T00:00:00Z"


async def test_so_many_periods_and_it_ends(seller: Seller) -> None:
    sold = await seller.sell(cycles=2, due_days=365)

    await seller.at(2026, 6, 1)

    found = await seller.get(sold)
    assert (found["status"], found["ended_at"], found["due_days"]) == ("ended", "2026-03-31T10:00:00Z", 365)
    assert len(await seller.invoices(sold)) == 2
    (over,) = await seller.told(SubscriptionCancelled)
    assert over["status"] == "ended"


async def test_cancelled_at_the_end_of_the_period_it_goes_on_until_then(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)
    planned = await seller.do(sold, "cancel", at_period_end=True, reason="Moved away")
    assert (planned["status"], planned["cancel_at_period_end"], planned["next_billing_at"]) == (
        "active",
        True,
        None,
    )

    await seller.at(2026, 3, 5)

    found = await seller.get(sold)
    assert (found["status"], found["ended_at"]) == ("cancelled", "2026-02-28T10:00:00Z")
    assert found["cancel_reason"] == "Moved away"
    assert len(await seller.invoices(sold)) == 1
    again = await seller.do(sold, "cancel", 409)
    assert (again["slug"], again["current_status"]) == ("invalid-transition", "cancelled")


async def test_a_cancellation_can_be_taken_back_until_then(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)
    await seller.do(sold, "cancel", when="period_end")

    found = await seller.do(sold, "resume")
    await seller.at(2026, 3, 5)

    assert (found["cancel_at_period_end"], found["cancelled_at"]) == (False, None)
    assert len(await seller.invoices(sold)) == 2


async def test_cancelled_now_nothing_more_is_billed(seller: Seller) -> None:
    sold = await seller.sell()

    found = await seller.do(sold, "cancel")
    await seller.at(2026, 4, 5)

    assert (found["status"], found["ended_at"]) == ("cancelled", "2026-01-31T10:00:00Z")
    assert len(await seller.invoices(sold)) == 1


async def test_a_pause_within_the_period_costs_nothing(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)
    paused = await seller.do(sold, "pause")
    assert (paused["status"], paused["next_billing_at"]) == ("paused", None)
    await seller.at(2026, 2, 10)

    found = await seller.do(sold, "resume")

    assert (found["status"], found["current_period_end"]) == ("active", "2026-02-28T10:00:00Z")
    assert len(await seller.invoices(sold)) == 1
    assert [one["change"] for one in await seller.told(SubscriptionChanged)] == ["paused", "resumed"]


async def test_after_a_longer_pause_a_new_period_begins_and_the_pause_is_not_billed(seller: Seller) -> None:
    sold = await seller.sell(due_days=60)
    await seller.do(sold, "pause", resumes_at="2026-03-10T00:00:00Z")

    await seller.at(2026, 3, 9)
    assert len(await seller.invoices(sold)) == 1
    await seller.at(2026, 3, 10)

    found = await seller.get(sold)
    assert (found["status"], found["current_period_start"]) == ("active", "2026-03-10T00:00:00Z")
    assert (found["current_period_end"], found["period"]) == ("2026-04-10T00:00:00Z", 2)
    assert len(await seller.invoices(sold)) == 2


async def test_a_trial_can_be_paused(seller: Seller) -> None:
    sold = await seller.sell(trial_days=5)
    await seller.do(sold, "pause")
    await seller.at(2026, 3, 1)
    assert await seller.invoices(sold) == []

    found = await seller.do(sold, "resume")

    assert (found["status"], found["period"]) == ("active", 1)
    assert (await seller.do(sold, "resume", 409))["slug"] == "invalid-transition"


async def test_only_what_is_over_or_has_not_begun_is_removed(seller: Seller) -> None:
    sold = await seller.sell()
    running = await seller.client.delete(f"/subscriptions/{sold['id']}")
    await seller.do(sold, "cancel")

    removed = await seller.client.delete(f"/subscriptions/{sold['id']}")

    assert (running.status_code, running.json()["slug"]) == (409, "subscription-running")
    assert removed.status_code == 204
    assert len(await seller.shop.list("/invoices", subscription_id=sold["id"])) == 1


async def test_nothing_is_billed_while_the_business_may_not_trade(seller: Seller) -> None:
    about = {"company_id": seller.shop.tenant_id, "company_name": "Karoo"}
    sold = await seller.sell(due_days=60)
    begun = len(await seller.invoices(sold))
    await deliver(seller.context, TenantSuspended(**about), seller.shop.tenant_id)
    seller.clock.advance(days=40)

    await seller.work()
    async with seller.context.unit_of_work(system_actor("payments", seller.shop.tenant_id)) as uow:
        await advance(uow, {"subscription_id": sold["id"]})
    stopped = len(await seller.invoices(sold))
    await deliver(seller.context, TenantReactivated(**about), seller.shop.tenant_id)
    await seller.work()

    assert (begun, stopped, len(await seller.invoices(sold))) == (1, 1, 2)
