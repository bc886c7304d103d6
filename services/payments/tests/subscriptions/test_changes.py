"""Changes of plan and quantity: shown first, exact to a minor unit, the parts add up to the whole."""

from typing import Any

import pytest

from libs.contracts.payments import SubscriptionChanged
from services.payments.tests.subscriptions.sold import PLAN, Seller, zar

# 2026-01-31 10:00 to 2026-02-28 10:00 are 28 days; at noon on the 14th, 13 days and 22 hours are left.
REST, PERIOD = (13 * 24 + 22) * 3600, 28 * 24 * 3600


async def seconds_less(seller: Seller) -> int:
    """How far the clock has gone beyond noon."""
    now = seller.clock.now()
    return now.minute * 60 + now.second


async def test_a_change_is_shown_before_it_is_made(seller: Seller) -> None:
    sold = await seller.sell(30_000, tax_rate_ppm=150_000)
    await seller.at(2026, 2, 14)
    rest = REST - await seconds_less(seller)

    shown = await seller.do(sold, "change/preview", quantity=3)

    credit, charge = shown["lines"]
    for line, price, sign in ((credit, 30_000, -1), (charge, 90_000, 1)):
        assert (line["price"], line["rest_seconds"], line["period_seconds"]) == (zar(price), rest, PERIOD)
        assert line["amount"] == zar(sign * (price * rest // PERIOD))
        assert abs(line["amount"]["amount"]) * PERIOD + line["remainder"] == price * rest
    assert shown["net"]["amount"] == shown["charge"]["amount"] - shown["credit"]["amount"]
    upcoming = shown["next_invoice"]
    assert upcoming["bills_at"] == "2026-02-28T10:00:00Z"
    assert upcoming["subtotal"]["amount"] == 90_000 + shown["net"]["amount"]
    assert (await seller.get(sold))["quantity"] == 1
    assert len(await seller.invoices(sold)) == 1

    seller.clock.advance(minutes=20)
    made = await seller.do(sold, "change", quantity=3, proration_at=shown["proration_at"])
    await seller.at(2026, 2, 28)

    assert (made["quantity"], made["amount"], made["period"]) == (3, zar(90_000), 1)
    _, invoice = await seller.invoices(sold)
    assert {name: invoice[name] for name in ("subtotal", "tax", "total")} == {
        name: upcoming[name] for name in ("subtotal", "tax", "total")
    }
    assert [line["total"] for line in invoice["lines"]] == [
        zar(90_000),
        credit["amount"],
        charge["amount"],
    ]


async def test_a_change_may_be_billed_at_once(seller: Seller) -> None:
    sold = await seller.sell(30_000)
    await seller.at(2026, 2, 14)

    shown = await seller.do(sold, "change/preview", quantity=2, proration="now")
    await seller.do(sold, "change", quantity=2, proration="now", proration_at=shown["proration_at"])

    _, invoice = await seller.invoices(sold)
    assert invoice["total"] == shown["net"] == shown["next_invoice"]["total"]
    assert invoice["subscription_period"] is None
    await seller.at(2026, 2, 28)
    assert (await seller.invoices(sold))[2]["total"] == zar(60_000)


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["last of its periods", "cancelled"])
async def test_what_a_change_adds_to_the_last_period_is_billed_when_that_ends(
    seller: Seller, is_cancelled: bool
) -> None:
    sold = await seller.sell(30_000, due_days=60, **({} if is_cancelled else {"cycles": 1}))
    await seller.at(2026, 2, 14)
    if is_cancelled:
        await seller.do(sold, "cancel", when="period_end")

    shown = await seller.do(sold, "change/preview", quantity=2)
    await seller.do(sold, "change", quantity=2, proration_at=shown["proration_at"])
    assert len(await seller.invoices(sold)) == 1
    await seller.at(2026, 3, 5)

    assert (await seller.get(sold))["status"] == ("cancelled" if is_cancelled else "ended")
    _, last = await seller.invoices(sold)
    assert last["total"] == shown["net"] == shown["next_invoice"]["total"]
    assert (shown["next_invoice"]["bills_at"], last["subscription_period"]) == ("2026-02-28T10:00:00Z", None)


async def test_a_credit_waits_for_the_next_invoices(seller: Seller) -> None:
    sold = await seller.sell(100_000, interval="year", due_days=365)
    plan = {"name": "Small", "amount": zar(30_000), "interval": "month"}

    made = await seller.do(sold, "change", plan=plan)

    assert (made["plan"]["name"], made["period"]) == ("Small", 2)
    _, second = await seller.invoices(sold)
    assert (second["total"], second["status"]) == (zar(0), "paid")
    assert [line["total"]["amount"] for line in second["lines"]] == [30_000, -100_000, 70_000]
    await seller.at(2026, 4, 1)
    await seller.at(2026, 5, 1)
    totals = [one["total"]["amount"] for one in await seller.invoices(sold)]
    assert totals == [100_000, 0, 0, 0, 20_000]


async def test_without_proration_the_rest_costs_nothing(seller: Seller) -> None:
    sold = await seller.sell(30_000)
    await seller.at(2026, 2, 14)

    await seller.do(sold, "change", quantity=2, proration="none")
    await seller.at(2026, 2, 28)

    assert (await seller.invoices(sold))[1]["total"] == zar(60_000)


async def test_at_the_end_of_the_period_it_takes_effect_then(seller: Seller) -> None:
    sold = await seller.sell(30_000, due_days=60)
    plan = {"name": "Weekly", "amount": zar(9_000), "interval": "week"}

    planned = await seller.do(sold, "change", plan=plan, quantity=2, when="period_end")
    assert (planned["plan"]["name"], planned["quantity"]) == ("Beans", 1)
    assert planned["pending_change"]["amount"] == zar(9_000)
    await seller.at(2026, 3, 8)

    found = await seller.get(sold)
    assert (found["plan"]["name"], found["quantity"], found["pending_change"]) == ("Weekly", 2, None)
    assert [one["period_start"][:10] for one in await seller.invoices(sold)] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-07",
    ]
    assert [one["total"]["amount"] for one in await seller.invoices(sold)] == [30_000, 18_000, 18_000]


async def test_what_it_is_already_takes_a_planned_change_back(seller: Seller) -> None:
    sold = await seller.sell(30_000)
    await seller.do(sold, "change", quantity=5, when="period_end")

    found = await seller.do(sold, "change", quantity=1)

    assert found["pending_change"] is None
    changes = [one["change"] for one in await seller.told(SubscriptionChanged)]
    assert changes == ["change_planned", "change_withdrawn"]


async def test_there_and_back_costs_nothing(seller: Seller) -> None:
    sold = await seller.sell(9_999)
    await seller.at(2026, 2, 3)
    for quantity in (7, 1):
        await seller.do(sold, "change", quantity=quantity)

    await seller.at(2026, 2, 28)

    assert (await seller.invoices(sold))[1]["total"] == zar(9_999)


async def test_in_a_trial_a_change_costs_nothing(seller: Seller) -> None:
    sold = await seller.sell(30_000, trial_days=10)

    shown = await seller.do(sold, "change/preview", quantity=2)
    made = await seller.do(sold, "change", quantity=2)
    await seller.at(2026, 2, 10)

    assert (shown["lines"], shown["next_invoice"]["total"]) == ([], zar(60_000))
    assert (made["status"], made["quantity"]) == ("trialing", 2)
    assert (await seller.invoices(sold))[0]["total"] == zar(60_000)


async def test_a_change_of_the_plan_itself_changes_no_subscription(seller: Seller) -> None:
    plan = (await seller.client.post("/subscriptions/plans", json=PLAN)).json()
    body = {"customer": {"name": "x", "email": "x@example.com"}, "plan_id": plan["id"]}
    sold = (await seller.client.post("/subscriptions", json=body)).json()
    await seller.client.patch(f"/subscriptions/plans/{plan['id']}", json={"amount": zar(99_000)})
    await seller.client.delete(f"/subscriptions/plans/{plan['id']}")

    await seller.do(sold, "change", quantity=2, proration="none")

    assert (await seller.get(sold))["amount"] == zar(60_000)
    gone = await seller.client.post("/subscriptions", json=body)
    assert (gone.status_code, gone.json()["slug"]) == (422, "plan-not-for-sale")


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        ({}, "validation-failed"),
        ({"quantity": 0}, "validation-failed"),
        ({"plan": {"name": "x", "amount": {"amount": 1, "currency": "USD"}}}, "currency-mismatch"),
        ({"plan_id": "0198c0de-0000-7000-8000-000000000000"}, "plan-not-for-sale"),
        ({"quantity": 2, "proration_at": "2026-01-31T08:00:00Z"}, "validation-failed"),
        ({"quantity": 2, "proration_at": "2026-01-31T10:30:00Z"}, "validation-failed"),
        ({"quantity": 2, "surprise": 1}, "validation-failed"),
    ],
)
async def test_what_cannot_be_is_refused_in_both_ways(seller: Seller, body: Any, slug: str) -> None:
    sold = await seller.sell()

    for verb in ("change", "change/preview"):
        assert (await seller.do(sold, verb, 422, **body))["slug"] == slug
    assert await seller.get(sold) == sold


async def test_what_is_paused_or_over_is_not_changed(seller: Seller) -> None:
    sold = await seller.sell()
    await seller.do(sold, "pause")
    assert (await seller.do(sold, "change", 409, quantity=2))["slug"] == "invalid-transition"
    await seller.do(sold, "cancel")
    assert (await seller.do(sold, "change/preview", 409, quantity=2))["slug"] == "invalid-transition"


async def test_nothing_is_counted_from_before_the_last_change(seller: Seller) -> None:
    sold = await seller.sell(30_000)
    await seller.at(2026, 2, 14)
    early = seller.clock.now().isoformat()
    seller.clock.advance(minutes=10)
    await seller.do(sold, "change", quantity=2)

    refused = await seller.do(sold, "change", 422, quantity=1, proration_at=early)

    assert refused["errors"][0]["loc"] == ["body", "proration_at"]
    assert (await seller.get(sold))["quantity"] == 2
