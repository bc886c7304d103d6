"""The way of an order's money, from the account to the refund."""

from libs.common.testing.events import emitted
from libs.contracts.payments import CreditNoteIssued, InvoiceIssued, PaymentSucceeded, RefundSucceeded
from services.payments.tests.shop import Shop


async def test_an_order_is_paid_invoiced_and_refunded(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.invoiced(45_000, tax=3_000)

    assert payment["amount"] == {"amount": 45_000, "currency": "ZAR"}
    (succeeded,) = await emitted(shop.context, shop.tenant_id, PaymentSucceeded)
    assert succeeded.data["order_id"] == order["id"]
    (invoice,) = await shop.list("/invoices", order_id=order["id"])
    assert (invoice["number"], invoice["status"]) == ("INV-000001", "paid")
    assert len(await emitted(shop.context, shop.tenant_id, InvoiceIssued)) == 1
    assert await shop.balances() == {
        "cash:sandbox": 45_000,
        "receivable": 0,
        "revenue": -37_000,
        "revenue:shipping": -5_000,
        "tax:payable": -3_000,
    }

    response = await shop.refund(payment["id"], 9_000)
    assert response.status_code == 201, response.text
    assert response.json()["status"] == "succeeded"
    await shop.work()

    (refunded,) = await emitted(shop.context, shop.tenant_id, RefundSucceeded)
    assert refunded.data["refunded_total"]["amount"] == 9_000
    (note,) = await shop.list("/credit-notes", order_id=order["id"])
    assert (note["number"], note["total"]["amount"]) == ("CN-000001", 9_000)
    assert len(await emitted(shop.context, shop.tenant_id, CreditNoteIssued)) == 1
    assert sum((await shop.balances()).values()) == 0
    assert (await shop.balances())["cash:sandbox"] == 36_000
    assert (await shop.balances())["receivable"] == 0
    proof = (await shop.client.get("/ledger/proof")).json()
    assert proof["is_balanced"] is True
    assert proof["currencies"][0]["transactions"] == 4
