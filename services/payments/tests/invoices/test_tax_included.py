"""Tax that prices contain: it stands on the invoice, is owed, and goes back with what is refunded."""

from typing import Any

import pytest

from libs.common.testing.events import deliver
from services.payments.tests.orders_app import order_paid
from services.payments.tests.pdf_text import texts
from services.payments.tests.shop import Shop


def amounts(document: dict[str, Any], *names: str) -> list[int]:
    """These amounts of a document."""
    return [document[name]["amount"] for name in names]


async def the_invoice(shop: Shop) -> dict[str, Any]:
    """The only invoice there is."""
    (invoice,) = await shop.list("/invoices")
    return invoice


async def test_it_is_owed_and_is_no_revenue(shop: Shop) -> None:
    await shop.account()
    # 15 % within 402.50 of goods and 57.50 of shipping.
    await shop.invoiced(46_000, shipping=5_750, discount=1_000, tax_included=6_000, line_tax_included=5_250)

    invoice = await the_invoice(shop)

    assert amounts(invoice, "subtotal", "discount", "shipping", "tax", "tax_included", "total") == [
        41_250,
        1_000,
        5_750,
        0,
        6_000,
        46_000,
    ]
    assert await shop.balances() == {
        "cash:sandbox": 46_000,
        "receivable": 0,
        "revenue": -35_000,
        "revenue:shipping": -5_000,
        "tax:payable": -6_000,
    }


async def test_tax_of_both_kinds_is_owed(shop: Shop) -> None:
    await shop.account()
    # Goods with 15 % within them, shipping to which 15 % is added.
    await shop.invoiced(28_750, shipping=5_000, tax=750, tax_included=3_000, line_tax_included=3_000)

    balances = await shop.balances()

    assert amounts(await the_invoice(shop), "tax", "tax_included", "total") == [750, 3_000, 28_750]
    assert balances["revenue"] == -20_000
    assert balances["revenue:shipping"] == -5_000
    assert balances["tax:payable"] == -3_750


async def test_where_lines_do_not_say_it_is_shared_by_what_goods_and_shipping_cost(shop: Shop) -> None:
    await shop.account()
    await shop.invoiced(46_000, shipping=5_750, tax_included=6_000)

    balances = await shop.balances()

    assert (balances["revenue"], balances["revenue:shipping"]) == (-35_000, -5_000)
    assert balances["tax:payable"] == -6_000


async def test_an_order_that_does_not_say_has_none(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.invoiced(45_000, tax=1_000, tax_included=None)
    assert "tax_included" not in order["totals"]

    await shop.refund(payment["id"], 9_000)

    assert amounts(await the_invoice(shop), "tax", "tax_included") == [1_000, 0]
    assert (await shop.balances())["tax:payable"] == -800
    (note,) = await shop.list("/credit-notes")
    assert amounts(note, "tax", "tax_included") == [200, 0]


@pytest.mark.parametrize(
    ("currency", "cuts"),
    [("ZAR", (1, 9_999, 33)), ("JPY", (7, 101, 12_345)), ("KWD", (1_001, 3, 20_000))],
)
async def test_refunds_in_parts_empty_revenue_and_tax_to_the_unit(
    shop: Shop, currency: str, cuts: tuple[int, ...]
) -> None:
    await shop.account(currency=currency)
    _, payment = await shop.invoiced(
        45_677, currency=currency, shipping=5_003, tax=311, tax_included=5_871, line_tax_included=5_219
    )

    for cut in (*cuts, 45_677 - sum(cuts)):
        answer = await shop.refund(payment["id"], cut, currency=currency)
        assert answer.status_code in (200, 201), answer.text
        await shop.work()

    notes = await shop.list("/credit-notes")
    totals = [amounts(note, "goods", "shipping", "tax", "tax_included", "total") for note in notes]
    assert [sum(column) for column in zip(*totals, strict=True)] == [40_363, 5_003, 311, 5_871, 45_677]
    assert len(notes) == len(cuts) + 1
    balances = await shop.balances()
    assert balances["revenue"] == -(40_363 - 5_219)
    assert balances["revenue:refunds"] == 40_363 - 5_219
    assert {balances[code] for code in ("revenue:shipping", "tax:payable", "receivable", "cash:sandbox")} == {
        0
    }


async def test_a_refund_that_came_before_the_invoice_takes_its_part_back(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.paid(46_000, shipping=0, tax_included=6_000)
    await shop.refund(payment["id"], 23_000)
    await shop.work()
    assert "tax:payable" not in await shop.balances()

    await deliver(shop.context, order_paid(order, payment["id"], line_tax_included=6_000), shop.tenant_id)

    (note,) = await shop.list("/credit-notes")
    assert amounts(note, "total", "tax_included") == [23_000, 3_000]
    assert (await shop.balances())["tax:payable"] == -3_000


async def test_nothing_is_owed_for_an_order_that_nobody_paid(shop: Shop) -> None:
    await shop.account()
    checkout = await shop.start(shop.orders.place(shop.tenant_id, 46_000, tax_included=6_000))
    await shop.press(checkout, "cancel")
    await shop.work()

    assert await shop.list("/invoices") == []
    assert await shop.balances() == {}


async def test_a_draft_says_how_much_its_prices_contain(shop: Shop) -> None:
    zar = {"currency": "ZAR"}
    line = {"description": "Course", "quantity": 2, "unit_price": {"amount": 11_500, **zar}}
    body = {
        "currency": "ZAR",
        "lines": [line],
        "shipping": {"amount": 2_300, **zar},
        "tax_included": {"amount": 3_300, **zar},
    }
    made = await shop.client.post("/invoices", json=body)
    assert made.status_code == 201, made.text
    path = f"/invoices/{made.json()['id']}"
    assert amounts(made.json(), "tax_included", "tax", "total") == [3_300, 0, 25_300]

    beyond = await shop.client.patch(path, json={"tax_included": {"amount": 25_301, **zar}})
    other = await shop.client.patch(path, json={"tax_included": {"amount": 1, "currency": "USD"}})
    noted = await shop.client.patch(path, json={"notes": "VAT 4123456789"})
    final = await shop.client.post(f"{path}/finalize")

    assert [beyond.status_code, other.status_code] == [422, 422]
    assert amounts(noted.json(), "tax_included") == amounts(final.json(), "tax_included") == [3_300]
    assert await shop.balances() == {
        "receivable": 25_300,
        "revenue": -20_000,
        "revenue:shipping": -2_000,
        "tax:payable": -3_300,
    }
    await shop.client.post(f"{path}/void", json={"reason": "Twice"})
    assert set((await shop.balances()).values()) == {0}


async def test_the_printed_forms_show_it(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.invoiced(46_000, shipping=5_750, tax_included=6_000, line_tax_included=5_250)
    await shop.refund(payment["id"], 23_000)
    await shop.work()
    (note,) = await shop.list("/credit-notes")

    invoice = texts((await shop.client.get(f"/invoices/{(await the_invoice(shop))['id']}/pdf")).content)
    credit = texts((await shop.client.get(f"/credit-notes/{note['id']}/pdf")).content)

    assert "Tax included" in invoice
    assert "ZAR 60.00" in invoice
    assert "Tax included" in credit
    assert "ZAR 30.00" in credit
