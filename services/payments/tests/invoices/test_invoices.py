"""Invoices: drafts are free, final ones stand for ever, numbers have no gaps."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.common.testing.round_trips import round_trips
from libs.contracts.identity import RegistrationSubmitted, TenantActivated
from libs.contracts.payments import InvoiceIssued, InvoiceOverdue, InvoicePaid, InvoiceSent, InvoiceVoided
from libs.contracts.values import Business
from services.payments.tests.orders_app import order_paid
from services.payments.tests.pdf_text import texts
from services.payments.tests.shop import Shop


def zar(amount: int) -> dict[str, Any]:
    """Rand cents."""
    return {"amount": amount, "currency": "ZAR"}


DRAFT: dict[str, Any] = {
    "currency": "ZAR",
    "lines": [
        {"description": "Roasting course", "quantity": 3, "unit_price": zar(20_000), "discount": zar(5_000)},
        {"description": "Beans", "sku": "BEANS-1", "quantity": 1, "unit_price": zar(10_000)},
    ],
    "shipping": zar(2_000),
    "tax": zar(9_000),
    "customer_name": "Thandi Nkosi",
    "notes": "Thank you",
}


class TestDrafts(ResourceSuite):
    path = "/invoices"
    permission = "payments.invoices"
    create = DRAFT
    changes = {"notes": "Soon", "customer_name": "Айгүл Ёлкина"}
    emptied = "notes"
    required = "lines"
    needs_active = True
    invalid = (
        {"lines": []},
        {"lines": [{"description": "x", "quantity": 0, "unit_price": zar(1)}]},
        {"lines": [{"description": "x", "quantity": 1, "unit_price": zar(-1)}]},
        {"lines": [{"description": "x", "quantity": 1, "unit_price": {"amount": 1, "currency": "USD"}}]},
        {"lines": [{"description": "x", "quantity": 1, "unit_price": zar(1), "discount": zar(2)}]},
        {"lines": [{"description": "x", "quantity": 1_000_000, "unit_price": zar(9_000_000_000)}] * 2},
        {"tax": {"amount": 1, "currency": "USD"}},
        {"currency": "USD"},
        {"email": "nobody"},
        {"billing_address": {"line1": "x", "city": "y", "country": "South Africa"}},
        {"billing_address": {"line1": "x", "city": "y", "country": "ZZ"}},
    )


async def draft(client: Client, **fields: Any) -> dict[str, Any]:
    """A draft."""
    response = await client.post("/invoices", json={**DRAFT, **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def final(client: Client, **fields: Any) -> dict[str, Any]:
    """A final invoice."""
    made = await draft(client, **fields)
    response = await client.post(f"/invoices/{made['id']}/finalize")
    assert response.status_code == 200, response.text
    return response.json()


async def pay(client: Client, invoice: dict[str, Any], amount: int | None = None, **fields: Any) -> Any:
    """Record money for an invoice."""
    body = {"method": "cash", **fields} | ({"amount": zar(amount)} if amount is not None else {})
    return await client.post(
        f"/invoices/{invoice['id']}/pay", json=body, headers={"Idempotency-Key": str(new_id())}
    )


async def test_the_totals_of_a_draft_are_worked_out(client: Client) -> None:
    made = await draft(client)

    names = ("subtotal", "discount", "shipping", "tax", "total", "outstanding")
    assert [made[name]["amount"] for name in names] == [70_000, 5_000, 2_000, 9_000, 76_000, 0]
    assert [line["total"]["amount"] for line in made["lines"]] == [55_000, 10_000]
    assert (made["number"], made["status"]) == (None, "draft")
    changed = await client.patch(f"/invoices/{made['id']}", json={"tax": None})
    assert changed.json()["total"]["amount"] == 67_000
    changed = await client.patch(f"/invoices/{made['id']}", json={"lines": DRAFT["lines"][1:]})
    assert changed.json()["total"]["amount"] == 12_000


async def test_a_final_invoice_has_a_number_a_date_and_is_posted(shop: Shop) -> None:
    invoice = await final(shop.client)

    assert (invoice["number"], invoice["status"]) == ("INV-000001", "issued")
    assert invoice["due_on"] is not None
    assert invoice["outstanding"]["amount"] == 76_000
    assert await shop.balances() == {
        "receivable": 76_000,
        "revenue": -65_000,
        "revenue:shipping": -2_000,
        "tax:payable": -9_000,
    }
    (issued,) = await emitted(shop.context, shop.tenant_id, InvoiceIssued)
    assert issued.data["number"] == "INV-000001"
    assert (issued.data["outstanding"], issued.data["due_on"]) == (zar(76_000), invoice["due_on"])
    assert (await shop.client.post(f"/invoices/{invoice['id']}/finalize")).status_code == 409


async def test_a_final_invoice_is_never_changed_or_removed(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    invoice = await final(client)
    path = f"/invoices/{invoice['id']}"

    for method, body in (("PATCH", {"notes": "x"}), ("PUT", DRAFT), ("DELETE", None)):
        response = await client.request(method, path, json=body)
        assert (response.status_code, response.json()["slug"]) == (409, "invoice-final")
    for statement in (
        "UPDATE payments.invoices SET total_minor = 1",
        "UPDATE payments.invoices SET lines = '[]'",
        "UPDATE payments.invoices SET number = 'INV-9'",
        "UPDATE payments.invoices SET status = 'draft'",
        "DELETE FROM payments.invoices",
    ):
        with pytest.raises(DBAPIError, match="is final"):
            async with context.unit_of_work(tenant_id=tenant_id) as uow:
                await uow.session.execute(text(statement))
    assert (await client.get(path)).json() == invoice


async def test_numbers_have_no_gaps_whatever_fails_and_however_many_at_once(client: Client) -> None:
    drafts = [await draft(client) for _ in range(6)]
    gone = await draft(client)
    await client.delete(f"/invoices/{gone['id']}")

    steps = [client.post(f"/invoices/{d['id']}/finalize") for d in drafts]
    again = [client.post(f"/invoices/{d['id']}/finalize") for d in drafts[:3]]
    answers = await asyncio.gather(*steps, *again)

    numbers = sorted(a.json()["number"] for a in answers if a.status_code == 200)
    assert numbers == [f"INV-{n:06d}" for n in range(1, 7)]
    assert sum(a.status_code == 409 for a in answers) == 3


async def test_each_business_counts_for_itself(client: Client, other_tenant_id: UUID) -> None:
    await final(client)

    assert (await final(client.acting(user(other_tenant_id))))["number"] == "INV-000001"


async def test_an_invoice_is_paid_in_parts_and_never_beyond(shop: Shop) -> None:
    invoice = await final(shop.client)

    part = await pay(shop.client, invoice, 30_000)
    beyond = await pay(shop.client, invoice, 46_001)
    other = await pay(shop.client, invoice, method="cash", amount=None)
    more = await pay(shop.client, invoice)

    assert (part.status_code, part.json()["status"]) == (200, "issued")
    assert part.json()["outstanding"]["amount"] == 46_000
    assert (beyond.status_code, beyond.json()["outstanding"]["amount"]) == (409, 46_000)
    assert (other.json()["status"], other.json()["outstanding"]["amount"]) == ("paid", 0)
    assert more.status_code == 409
    assert (await shop.balances())["cash:cash"] == 76_000
    assert (await shop.balances())["receivable"] == 0


async def test_a_payment_of_an_invoice_is_recorded_once(shop: Shop) -> None:
    invoice = await final(shop.client)
    path, key = f"/invoices/{invoice['id']}/pay", {"Idempotency-Key": "k-1"}
    body = {"method": "cash", "amount": zar(1_000)}

    answers = [await shop.client.post(path, json=body, headers=key) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert (await shop.balances())["cash:cash"] == 1_000
    assert (await shop.client.post(path, json=body)).json()["slug"] == "idempotency-key-required"


async def test_a_void_invoice_is_posted_back(shop: Shop) -> None:
    invoice = await final(shop.client)
    paid = await final(shop.client)
    await pay(shop.client, paid, 1)
    path = f"/invoices/{invoice['id']}/void"

    voided = await shop.client.post(path, json={"reason": "Twice"})

    assert (voided.json()["status"], voided.json()["number"]) == ("void", "INV-000001")
    assert (await shop.client.post(path, json={"reason": "Twice"})).status_code == 409
    refused = await shop.client.post(f"/invoices/{paid['id']}/void", json={"reason": "x"})
    assert refused.status_code == 409
    assert (await shop.balances())["receivable"] == 75_999
    (told,) = await emitted(shop.context, shop.tenant_id, InvoiceVoided)
    assert (told.data["invoice_id"], told.data["total"]) == (invoice["id"], zar(76_000))
    (came,) = await emitted(shop.context, shop.tenant_id, InvoicePaid)
    assert (came.data["amount"], came.data["outstanding"]) == (zar(1), zar(75_999))
    assert came.data["invoice_id"] == paid["id"]


async def test_a_final_invoice_is_sent_where_it_has_an_address(shop: Shop) -> None:
    unsent, without = await draft(shop.client, email="a@example.com"), await final(shop.client)
    invoice = await final(shop.client, email="thandi@example.com")

    sent = await shop.client.post(f"/invoices/{invoice['id']}/send")

    assert sent.json()["sent_at"] is not None
    (event,) = await emitted(shop.context, shop.tenant_id, InvoiceSent)
    assert (event.data["email"], event.data["number"]) == ("thandi@example.com", invoice["number"])
    for other in (unsent, without):
        assert (await shop.client.post(f"/invoices/{other['id']}/send")).status_code == 409


async def test_an_answer_bears_the_version_that_it_shows(shop: Shop) -> None:
    paid, void = [await final(shop.client, email="thandi@example.com") for _ in range(2)]
    key = {"Idempotency-Key": str(new_id())}
    sent = await shop.client.post(f"/invoices/{paid['id']}/send")
    for answer in (
        sent,
        await shop.client.post(f"/invoices/{paid['id']}/pay", json={"method": "cash"}, headers=key),
        await shop.client.post(f"/invoices/{void['id']}/void", json={"reason": "Wrong"}),
    ):
        assert (answer.status_code, answer.headers["etag"]) == (200, f'"{answer.json()["version"]}"')


async def test_a_paid_order_has_one_invoice_whatever_is_repeated(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.invoiced(45_000, tax=3_000)

    assert await deliver(shop.context, order_paid(order, payment["id"]), shop.tenant_id) == [Verdict.DONE]

    (invoice,) = await shop.list("/invoices", order_id=order["id"])
    assert (invoice["status"], invoice["payment_id"]) == ("paid", payment["id"])
    names = ("subtotal", "discount", "shipping", "tax", "total", "paid")
    assert [invoice[n]["amount"] for n in names] == [37_000, 0, 5_000, 3_000, 45_000, 45_000]
    assert invoice["billing_address"]["city"] == "Cape Town"
    assert len(await emitted(shop.context, shop.tenant_id, InvoiceIssued)) == 1


async def test_the_invoice_of_an_order_takes_three_round_trips(shop: Shop) -> None:
    await shop.account()
    await shop.invoiced()
    order, payment = await shop.paid()

    with round_trips(shop.context.engine) as trips:
        await deliver(shop.context, order_paid(order, payment["id"]), shop.tenant_id)

    # The inbox; what is locked and read, the counter last; then all that is written, in the commit.
    assert [len(statements) for statements in trips.statements] == [1, 4, 5]
    assert "document_counters" in trips.statements[1][-1]


async def test_two_facts_of_one_order_at_once_make_one_invoice(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.paid()
    events = [order_paid(order, payment["id"]) for _ in range(3)]

    verdicts = await asyncio.gather(*(deliver(shop.context, e, shop.tenant_id) for e in events))

    assert [Verdict.DONE] in verdicts
    (invoice,) = await shop.list("/invoices", order_id=order["id"])
    assert invoice["number"] == "INV-000001"


async def test_a_refund_that_came_before_the_invoice_is_credited_with_it(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.paid()
    await shop.refund(payment["id"], 10_000)
    assert await shop.list("/credit-notes") == []

    await deliver(shop.context, order_paid(order, payment["id"]), shop.tenant_id)

    (note,) = await shop.list("/credit-notes")
    (refund,) = await shop.list("/refunds")
    assert (note["total"]["amount"], refund["credit_note_id"]) == (10_000, note["id"])
    assert (await shop.balances())["receivable"] == 0


async def test_overdue_is_told_once(isolated: Shop) -> None:
    invoice = await final(isolated.client, due_on="2020-01-01", email="a@example.com")
    await final(isolated.client, due_on="2999-01-01")
    paid = await final(isolated.client, due_on="2020-01-01")
    await pay(isolated.client, paid)

    for _ in range(2):
        isolated.context.clock.advance(hours=1)  # type: ignore[attr-defined]
        await isolated.work()

    (event,) = await emitted(isolated.context, isolated.tenant_id, InvoiceOverdue)
    assert (event.data["number"], event.data["outstanding"]["amount"]) == (invoice["number"], 76_000)
    assert (await isolated.client.get(f"/invoices/{invoice['id']}")).json()["overdue_at"] is not None


async def known_merchant(shop: Shop) -> None:
    """Let identity tell of the business."""
    registered = RegistrationSubmitted(
        registration_id=new_id(),
        company_id=shop.tenant_id,
        company_name="Кофейня «Караван»",
        business=Business(name="x", address="1 Long Street", registration_number="2020/123"),
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        owner_first_name="A",
        owner_last_name="B",
        product="micro-sites",
    )
    activated = TenantActivated(
        company_id=shop.tenant_id,
        company_name="Кофейня «Караван»",
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        country="KZ",
        currency="ZAR",
    )
    for event in (activated, registered, activated):
        assert await deliver(shop.context, event, new_id()) == [Verdict.DONE]


async def test_the_printed_invoice_says_what_the_invoice_says(shop: Shop) -> None:
    await known_merchant(shop)
    name = 'Айгүл "Ёлкина" #evil[x] $x$ *b* \\ <y>'
    lines = [
        {"description": 'Эспрессо — 1 кг #image("/etc/passwd")', "quantity": 2, "unit_price": zar(12_345)}
    ]
    invoice = await final(shop.client, customer_name=name, lines=lines, notes="Спасибо #sys.version")

    response = await shop.client.get(f"/invoices/{invoice['id']}/pdf")

    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == 'inline; filename="INV-000001.pdf"'
    assert response.content.startswith(b"%PDF-")
    shown = texts(response.content)
    for expected in ("INV-000001", "ZAR 356.90", "ZAR 246.90", "ZAR 90.00", "Караван", "Ёлкина", "evil[x]"):
        assert expected in shown, expected
    assert "sys.version" in shown
    assert "/etc/passwd" in shown
    assert "INV-000002" not in shown


async def test_the_same_print_is_not_sent_twice(shop: Shop) -> None:
    invoice = await final(shop.client)
    path = f"/invoices/{invoice['id']}/pdf"
    first = await shop.client.get(path)

    same = await shop.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert (await shop.client.get(path)).content == first.content
    await pay(shop.client, invoice)
    changed = await shop.client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert changed.status_code == 200
    assert "PAID" in texts(changed.content)
    assert "PAID" not in texts(first.content)


async def test_a_long_invoice_has_pages(shop: Shop) -> None:
    lines = [{"description": f"Line {n}", "quantity": 1, "unit_price": zar(100)} for n in range(120)]
    invoice = await draft(shop.client, lines=lines)

    response = await shop.client.get(f"/invoices/{invoice['id']}/pdf")

    shown = texts(response.content)
    assert "Line 119" in shown.replace("\n", "")
    assert "DRAFT" in shown


async def test_a_credit_note_is_printed(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.invoiced()
    await shop.refund(payment["id"], 9_000)
    (note,) = await shop.list("/credit-notes")

    response = await shop.client.get(f"/credit-notes/{note['id']}/pdf")

    shown = texts(response.content)
    for expected in ("Credit note", "CN-000001", "INV-000001", "ZAR 90.00", "Arrived broken"):
        assert expected in shown, expected
    assert (await shop.client.get(f"/credit-notes/{note['id']}")).json() == note


async def test_a_customer_sees_his_own_final_invoices_alone(shop: Shop, other_tenant_id: UUID) -> None:
    me = user(shop.tenant_id, "payments.invoices.read", roles=("client",))
    mine = await final(shop.client, customer_user_id=str(me.user_id))
    others = await final(shop.client, customer_user_id=str(new_id()))
    unfinished = await draft(shop.client, customer_user_id=str(me.user_id))
    client = shop.client.acting(me)

    assert [i["id"] for i in (await client.get("/invoices")).json()["items"]] == [mine["id"]]
    assert (await client.get(f"/invoices/{mine['id']}/pdf")).status_code == 200
    for hidden in (others, unfinished):
        assert (await client.get(f"/invoices/{hidden['id']}")).status_code == 404
        assert (await client.get(f"/invoices/{hidden['id']}/pdf")).status_code == 404
    stranger = shop.client.acting(user(other_tenant_id))
    assert (await stranger.get(f"/invoices/{mine['id']}/pdf")).status_code == 404
    for step in ("finalize", "send", "void", "pay"):
        body = {"void": {"reason": "x"}, "pay": {"method": "cash"}}.get(step)
        path = f"/invoices/{mine['id']}/{step}"
        key = {"Idempotency-Key": "k"}
        assert (await stranger.post(path, json=body, headers=key)).status_code == 404
        assert (await client.post(path, json=body, headers=key)).status_code == 403
        assert (await shop.client.acting(None).post(path, json=body, headers=key)).status_code == 401
