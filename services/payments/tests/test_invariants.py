"""What must always hold is checked, and each check sees its breach."""

import psycopg
import pytest

from libs.common.runtime.verify import Finding
from services.payments.invariants import INVARIANTS
from services.payments.tests.shop import Shop

NAMES = [invariant.name for invariant in INVARIANTS]


async def findings(shop: Shop) -> dict[str, Finding]:
    """What the checks find."""
    async with shop.context.unit_of_work(platform=True) as uow:
        return {invariant.name: await invariant.check(uow) for invariant in INVARIANTS}


async def full(shop: Shop) -> None:
    """A payment, an invoice, a refund and a credit note."""
    await shop.account()
    _, payment = await shop.invoiced(45_000, tax=1_234, tax_included=5_000, line_tax_included=4_400)
    for amount in (10_001, None):
        await shop.refund(payment["id"], amount)
    plan = {"name": "Beans", "amount": {"amount": 10_001, "currency": "ZAR"}, "interval": "year"}
    customer = {"name": "Thandi", "email": "thandi@example.com"}
    sold = (await shop.client.post("/subscriptions", json={"customer": customer, "plan": plan})).json()
    smaller = {**plan, "interval": "month", "amount": {"amount": 3_000, "currency": "ZAR"}}
    for change in ({"quantity": 3}, {"plan": smaller, "quantity": 1}):
        changed = await shop.client.post(f"/subscriptions/{sold['id']}/change", json=change)
        assert changed.status_code == 200, changed.text
    await shop.work()


async def test_all_hold_after_a_story(isolated: Shop) -> None:
    await full(isolated)

    found = await findings(isolated)

    assert {name: finding.breaches for name, finding in found.items()} == dict.fromkeys(NAMES, 0)
    assert not any(finding.figure.startswith("0 ") for finding in found.values())


def _move(kind: str, one: str, other: str) -> str:
    """A wrong posting that balances: of documents of this kind, a minor unit in one account that is another's."""
    return (
        "UPDATE payments.ledger_entries e SET amount_minor = e.amount_minor + CASE WHEN a.code = "
        f"'{other}' THEN 1 ELSE -1 END FROM payments.ledger_accounts a, payments.ledger_transactions t"
        f" WHERE a.id = e.account_id AND t.id = e.transaction_id AND t.kind = '{kind}'"
        f" AND a.code IN ('{one}', '{other}')"
    )


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        (
            "ledger sums to zero",
            ["UPDATE payments.ledger_entries SET amount_minor = amount_minor + 1 WHERE position = 1"],
        ),
        (
            "every ledger transaction balances",
            ["UPDATE payments.ledger_entries SET amount_minor = amount_minor + 1 WHERE position = 1"],
        ),
        (
            "every succeeded payment is posted once",
            ["UPDATE payments.ledger_transactions SET reference = 'x' WHERE kind = 'payment'"],
        ),
        ("no payment is refunded beyond its amount", ["UPDATE payments.payments SET refunded_minor = 9"]),
        ("no payment is refunded beyond its amount", ["UPDATE payments.refunds SET amount_minor = 45001"]),
        ("invoices are posted and re-add", ["UPDATE payments.invoices SET total_minor = total_minor + 1"]),
        ("invoices are posted and re-add", ["UPDATE payments.invoices SET lines = '[]'"]),
        (
            "an order has one invoice",
            [
                "DROP INDEX payments.uq_invoices_order_id",
                "DROP INDEX payments.uq_invoices_number",
                "CREATE TEMP TABLE copy AS SELECT * FROM payments.invoices WHERE order_id IS NOT NULL",
                "UPDATE copy SET id = gen_random_uuid()",
                "INSERT INTO payments.invoices SELECT * FROM copy",
            ],
        ),
        (
            "a period of a subscription has one invoice",
            [
                "DROP INDEX payments.uq_invoices_subscription_period",
                "UPDATE payments.invoices SET subscription_period = 1 WHERE subscription_period = 2",
            ],
        ),
        (
            "a period of a subscription has one invoice",
            ["UPDATE payments.subscriptions SET period = period + 1"],
        ),
        (
            "no subscription is left behind",
            ["UPDATE payments.subscriptions SET current_period_end = now() - interval '25 hours'"],
        ),
        ("no subscription is left behind", ["UPDATE payments.subscriptions SET due_at = NULL"]),
        (
            "no subscription is left behind",
            [
                "UPDATE payments.subscriptions SET status = 'trialing',"
                " trial_ends_at = now() - interval '25 hours'"
            ],
        ),
        (
            "parts of periods are exact",
            ["UPDATE payments.subscription_adjustments SET remainder = remainder + 1"],
        ),
        (
            "parts of periods are exact",
            ["UPDATE payments.subscription_adjustments SET amount_minor = -amount_minor"],
        ),
        (
            "invoices of subscriptions say what was added to them",
            ["UPDATE payments.subscription_adjustments SET invoice_id = NULL WHERE kind = 'credit'"],
        ),
        (
            "invoices of subscriptions say what was added to them",
            ["DELETE FROM payments.subscription_adjustments WHERE kind = 'carried'"],
        ),
        ("document numbers have no gaps", ["UPDATE payments.document_counters SET last = last + 1"]),
        ("credit notes add up to what is credited", ["UPDATE payments.invoices SET credited_minor = 1"]),
        (
            "credit notes add up to what is credited",
            ["UPDATE payments.credit_notes SET tax_included_minor = tax_included_minor - 1"],
        ),
        (
            "credit notes add up to what is credited",
            ["UPDATE payments.invoices SET tax_included_minor = tax_included_minor - 1"],
        ),
        (
            "credit notes add up to what is credited",
            ["UPDATE payments.credit_notes SET tax_minor = tax_minor - 1, goods_minor = goods_minor + 1"],
        ),
        *(
            ("revenue is posted without tax, and all tax as owed", [_move(kind, a, b)])
            for kind, a, b in (
                ("invoice", "revenue", "tax:payable"),
                ("invoice", "revenue:shipping", "revenue"),
                ("credit_note", "revenue:refunds", "tax:payable"),
                ("credit_note", "revenue:shipping", "tax:payable"),
            )
        ),
    ],
)
async def test_each_sees_its_breach(isolated: Shop, name: str, statements: list[str]) -> None:
    await full(isolated)
    with psycopg.connect(isolated.context.common.database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)

    found = (await findings(isolated))[name]

    assert found.breaches > 0
    assert found.examples
