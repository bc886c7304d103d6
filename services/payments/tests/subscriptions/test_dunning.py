"""What follows where nobody pays: each step once, none after a payment."""

from libs.contracts.payments import SubscriptionCancelled, SubscriptionChanged, SubscriptionPastDue
from services.payments.tests.subscriptions.sold import Seller

DUNNING = {"reminder_days": [3, 7], "final_days": 14, "then": "cancel"}


async def reminders(seller: Seller) -> list[int]:
    """The reminders that were sent, by number."""
    return [one["reminder"] for one in await seller.told(SubscriptionPastDue)]


async def test_each_step_is_done_once_and_then_it_is_cancelled(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning=DUNNING)

    seen = []
    for day in (7, 8, 9, 10, 13, 14, 14, 20, 21, 25):
        await seller.at(2026, 2, day)
        seen.append(((await seller.get(sold))["status"], await reminders(seller)))

    assert seen == [
        ("active", []),
        ("past_due", [0]),
        ("past_due", [0]),
        ("past_due", [0, 1]),
        ("past_due", [0, 1]),
        ("past_due", [0, 1, 2]),
        ("past_due", [0, 1, 2]),
        ("past_due", [0, 1, 2]),
        ("cancelled", [0, 1, 2]),
        ("cancelled", [0, 1, 2]),
    ]
    (told,) = await seller.told(SubscriptionCancelled)
    assert told["reason"] == "It was not paid."
    assert (await seller.invoices(sold))[0]["status"] == "issued"


async def test_a_payment_stops_the_reminders(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning=DUNNING)
    await seller.at(2026, 2, 10)
    (invoice,) = await seller.invoices(sold)

    await seller.pay(invoice, 10_000)
    assert (await seller.get(sold))["status"] == "past_due"
    await seller.pay(invoice)
    paid = await seller.get(sold)
    await seller.at(2026, 4, 1)

    assert paid["status"] == "active"
    assert await reminders(seller) == [0, 1]
    assert (await seller.get(sold))["status"] == "active"
    assert [one["change"] for one in await seller.told(SubscriptionChanged)] == ["paid"]


async def test_a_void_invoice_is_not_waited_for(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning=DUNNING)
    await seller.at(2026, 2, 10)
    (invoice,) = await seller.invoices(sold)

    response = await seller.client.post(f"/invoices/{invoice['id']}/void", json={"reason": "A gift"})

    assert response.status_code == 200
    assert (await seller.get(sold))["status"] == "active"


async def test_unpaid_it_is_not_billed_until_it_is_paid(seller: Seller) -> None:
    sold = await seller.sell(due_days=7, dunning={**DUNNING, "then": "unpaid"})
    await seller.at(2026, 4, 15)
    unpaid = await seller.get(sold)
    (invoice,) = await seller.invoices(sold)
    assert (unpaid["status"], unpaid["next_billing_at"]) == ("unpaid", None)

    await seller.pay(invoice)

    found = await seller.get(sold)
    assert (found["status"], found["period"]) == ("active", 2)
    assert found["current_period_start"].startswith("2026-04-15T12:0")
    assert len(await seller.invoices(sold)) == 2


async def test_paid_within_the_period_unpaid_ends_without_another_invoice(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning={**DUNNING, "then": "unpaid"})
    await seller.at(2026, 3, 15)
    (invoice,) = await seller.invoices(sold)

    await seller.pay(invoice)

    found = await seller.get(sold)
    assert (found["status"], found["period"]) == ("active", 1)


async def test_after_a_standstill_one_reminder_stands_for_those_that_were_missed(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning=DUNNING)

    await seller.at(2026, 2, 15)

    assert await reminders(seller) == [0, 2]
    assert (await seller.get(sold))["status"] == "past_due"


async def test_the_next_invoice_has_reminders_of_its_own(seller: Seller) -> None:
    sold = await seller.sell(due_days=0, dunning={"reminder_days": [1], "final_days": 60, "then": "cancel"})
    await seller.at(2026, 2, 28)
    await seller.at(2026, 3, 5)
    first, second = await seller.invoices(sold)

    await seller.pay(first)
    behind = await seller.get(sold)
    await seller.pay(second)

    assert behind["status"] == "past_due"
    told = [(one["invoice_number"], one["reminder"]) for one in await seller.told(SubscriptionPastDue)]
    assert told == [(first["number"], 0), (first["number"], 1), (second["number"], 0), (second["number"], 1)]
    assert (await seller.get(sold))["status"] == "active"


async def test_while_it_is_behind_the_next_period_is_billed(seller: Seller) -> None:
    sold = await seller.sell(due_days=7, dunning={**DUNNING, "final_days": 60})

    await seller.at(2026, 3, 1)

    assert (await seller.get(sold))["status"] == "past_due"
    assert len(await seller.invoices(sold)) == 2


async def test_paid_in_time_nobody_is_reminded(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning=DUNNING)
    (invoice,) = await seller.invoices(sold)
    await seller.pay(invoice)

    await seller.at(2026, 4, 1)

    assert await reminders(seller) == []
    assert (await seller.get(sold))["status"] == "active"


async def test_a_pause_reminds_nobody_and_a_payment_in_it_counts(seller: Seller) -> None:
    sold = await seller.sell(interval="year", due_days=7, dunning=DUNNING)
    await seller.at(2026, 2, 8)
    await seller.do(sold, "pause")
    await seller.at(2026, 3, 8)
    (invoice,) = await seller.invoices(sold)
    assert await reminders(seller) == [0]

    await seller.pay(invoice)
    found = await seller.do(sold, "resume")

    assert found["status"] == "active"
