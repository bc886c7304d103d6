"""Tax that prices contain, from the rate a business sets to what its ledger owes; and that a wrong posting is seen."""

from typing import Any

import psycopg

from deploy.e2e.conftest import Shop, Suite
from deploy.verify.queries import QUERIES

BREACHES = {name: breaches for name, _, breaches in QUERIES}[
    "the tax of each invoiced order is in the ledger, added and included"
]
# Two packets and their shipping, all with 15 % in their prices.
GOODS, SHIPPING = 2 * 19_900, 6_000
TAX = round(GOODS * 15 / 115) + round(SHIPPING * 15 / 115)


async def balances(suite: Suite, shop: Shop) -> dict[str, int]:
    """The balance of each account of the business."""
    async with suite.client(**shop.owner) as client:
        items = (await client.get("/ledger/accounts")).json()["items"]
    return {account["code"]: account["balance"]["amount"] for account in items}


async def a_sale(suite: Suite, shop: Shop) -> dict[str, Any]:
    """An order in a country whose prices contain tax, paid; its invoice."""
    async with suite.client(**shop.owner) as client:
        for tax_class in ("standard", "shipping"):
            rate = {"name": "VAT", "country": "ZA", "tax_class": tax_class, "rate_ppm": 150_000}
            made = await client.post("/tax-rates", json={**rate, "inclusive": True})
            assert made.status_code == 201, made.text
        await shop.story.a_client_buys()
        await shop.story.and_pays()
        found = await client.get("/invoices", params={"order_id": shop.story.order["id"]})
    invoice: dict[str, Any] = found.json()["items"][0]
    return invoice


async def test_tax_that_prices_contain_is_owed_and_given_back(suite: Suite, shop: Shop) -> None:
    invoice = await a_sale(suite, shop)
    totals = shop.story.order["totals"]

    assert totals["tax_included"] == invoice["tax_included"] == {"amount": TAX, "currency": "ZAR"}
    assert (totals["tax"]["amount"], invoice["total"]["amount"]) == (0, GOODS + SHIPPING)
    owed = await balances(suite, shop)
    assert owed["tax:payable"] == -TAX
    assert owed["revenue"] + owed["revenue:shipping"] == -(GOODS + SHIPPING - TAX)

    async with suite.client(**shop.owner) as client:
        for part in ({"amount": {"amount": 12_345, "currency": "ZAR"}}, {}):
            answer = await client.post(
                f"/payments/{shop.story.payment}/refund",
                json={"reason": "Arrived broken", **part},
                headers={"Idempotency-Key": f"refund-{shop.story.run}-{len(part)}"},
            )
            assert answer.status_code in (200, 201, 202), answer.text
        await shop.story.until(
            "the credit notes",
            lambda: shop.story.call("GET", "/credit-notes", who=shop.owner),
            lambda page: len(page["items"]) == 2,
        )
    left = await balances(suite, shop)
    assert (left["tax:payable"], left["revenue:shipping"]) == (0, 0)
    assert left["revenue"] + left["revenue:refunds"] == 0


async def test_a_wrong_posting_of_tax_is_seen(suite: Suite, shop: Shop) -> None:
    invoice = await a_sale(suite, shop)
    number = shop.story.order["number"]
    async with await psycopg.AsyncConnection.connect(suite.settings.database_url) as connection:
        await connection.execute("SELECT set_config('app.scope', 'platform', true)")
        assert await (await connection.execute(BREACHES)).fetchall() == []
        await connection.execute("SET LOCAL session_replication_role = replica")
        # It balances: tax that is taken for revenue.
        await connection.execute(
            "UPDATE payments.ledger_entries e SET amount_minor = e.amount_minor"
            " + CASE WHEN a.code = 'tax:payable' THEN 1 ELSE -1 END"
            " FROM payments.ledger_accounts a, payments.ledger_transactions t"
            " WHERE a.tenant_id = e.tenant_id AND a.id = e.account_id AND t.tenant_id = e.tenant_id"
            " AND t.id = e.transaction_id AND t.reference = %s AND a.code IN ('revenue', 'tax:payable')",
            (invoice["id"],),
        )
        seen = await (await connection.execute(BREACHES)).fetchall()
        await connection.rollback()

    assert seen == [(number, 0, TAX, TAX - 1)]
