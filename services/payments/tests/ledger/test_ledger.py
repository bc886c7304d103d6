"""The ledger: it balances, posts once, and nothing in it ever changes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.ids import new_id
from libs.common.money import MAX_AMOUNT, Money
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.round_trips import round_trips
from services.payments.ledger.chart import RECEIVABLE, REVENUE, TAX_PAYABLE, cash
from services.payments.ledger.repository import LedgerTransactionRepository, Line
from services.payments.ledger.service import LedgerService, Unbalanced
from services.payments.tests.shop import Shop

ACCOUNTS = (RECEIVABLE, REVENUE, TAX_PAYABLE, cash("a"), cash("b"))


def zar(amount: int) -> Money:
    """Rand cents."""
    return Money(amount=amount, currency="ZAR")


async def post(
    context: ServiceContext, tenant_id: UUID, lines: list[Line], reference: str, **more: Any
) -> None:
    """Post in a transaction of its own."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        LedgerService(uow).post("test", reference, "A test", lines, **more)


async def proof(context: ServiceContext, tenant_id: UUID) -> dict[str, Any]:
    """The proof of a tenant's ledger."""
    return (await Client(context, user(tenant_id)).get("/ledger/proof")).json()


postings = st.lists(
    st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(["ZAR", "USD"]), st.integers(-(10**12), 10**12)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posting=postings, balance=st.booleans())
async def test_what_balances_is_posted_and_nothing_else(
    context: ServiceContext, posting: list[tuple[Any, str, int]], balance: bool
) -> None:
    tenant_id = new_id()
    lines: list[Line] = [(account, Money(amount=a, currency=c)) for account, c, a in posting]
    if balance:
        for currency in ("ZAR", "USD"):
            rest = sum(a for _, c, a in posting if c == currency)
            lines.append((cash("rest"), Money(amount=-rest, currency=currency)))
    sums = {c: sum(m.amount for _, m in lines if m.currency == c) for c in ("ZAR", "USD")}

    if any(sums.values()):
        with pytest.raises(Unbalanced):
            await post(context, tenant_id, lines, "1")
        assert (await proof(context, tenant_id))["currencies"] == []
        return
    await post(context, tenant_id, lines, "1")

    shown = await proof(context, tenant_id)
    assert shown["is_balanced"] is True
    assert sum(c["entries"] for c in shown["currencies"]) == sum(1 for _, m in lines if m.amount)
    page = (await Client(context, user(tenant_id)).get("/ledger/accounts")).json()["items"]
    for account in page:
        expected = sum(
            m.amount for a, m in lines if (a.code, m.currency) == (account["code"], account["currency"])
        )
        assert account["balance"]["amount"] == expected


async def test_one_reference_is_posted_once_even_at_once(context: ServiceContext, tenant_id: UUID) -> None:
    lines: list[Line] = [(RECEIVABLE, zar(100)), (REVENUE, zar(-100))]

    await asyncio.gather(*(post(context, tenant_id, lines, "1") for _ in range(4)))
    await post(context, tenant_id, [(RECEIVABLE, zar(7)), (REVENUE, zar(-7))], "1")

    (currency,) = (await proof(context, tenant_id))["currencies"]
    assert (currency["transactions"], currency["entries"]) == (1, 2)
    accounts = (await Client(context, user(tenant_id)).get("/ledger/accounts")).json()["items"]
    assert {row["code"]: row["balance"]["amount"] for row in accounts} == {"receivable": 100, "revenue": -100}


async def test_a_posting_goes_out_with_the_commit(context: ServiceContext, tenant_id: UUID) -> None:
    lines: list[Line] = [(RECEIVABLE, zar(100)), (REVENUE, zar(-90)), (TAX_PAYABLE, zar(-10))]

    with round_trips(context.engine) as trips:
        await post(context, tenant_id, lines, "1")

    assert [len(statements) for statements in trips.statements] == [2]


async def post_one_side(context: ServiceContext, tenant_id: UUID, ends_in: UUID) -> None:
    """Post one side of a transaction past the service, and end the unit of work in the scope of another tenant."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        LedgerTransactionRepository(uow).post("test", "1", "Bad", uow.now, [(REVENUE, zar(1))])
        await uow.enter_tenant(ends_in)


async def test_the_database_refuses_what_does_not_balance(context: ServiceContext, tenant_id: UUID) -> None:
    for ends_in in (tenant_id, new_id()):
        with pytest.raises(DBAPIError, match="does not balance"):
            await post_one_side(context, tenant_id, ends_in)
    assert (await proof(context, tenant_id))["currencies"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments.ledger_entries SET amount_minor = 0",
        "DELETE FROM payments.ledger_entries",
        "UPDATE payments.ledger_transactions SET description = 'x'",
        "DELETE FROM payments.ledger_transactions",
        "TRUNCATE payments.ledger_entries",
    ],
)
async def test_nothing_posted_can_be_changed(
    context: ServiceContext, tenant_id: UUID, statement: str
) -> None:
    await post(context, tenant_id, [(RECEIVABLE, zar(100)), (REVENUE, zar(-100))], "1")

    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await uow.session.execute(text(statement))


async def test_balances_are_as_of_a_time(context: ServiceContext, tenant_id: UUID) -> None:
    client = Client(context, user(tenant_id))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for hours, amount in ((0, 100), (1, 200), (2, 400)):
        lines: list[Line] = [(RECEIVABLE, zar(amount)), (REVENUE, zar(-amount))]
        await post(context, tenant_id, lines, str(hours), occurred_at=noon + timedelta(hours=hours))

    async def receivable(**params: str) -> int:
        response = await client.get("/ledger/accounts", params={"code": "receivable", **params})
        return response.json()["items"][0]["balance"]["amount"]

    assert await receivable() == 700
    assert await receivable(at=(noon + timedelta(hours=1)).isoformat()) == 300
    assert await receivable(at=(noon - timedelta(hours=1)).isoformat()) == 0
    assert await receivable(at="2026-01-01T12:00:00") == 100


async def test_transactions_show_both_sides(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()

    (transaction,) = await shop.list("/ledger/transactions", kind="payment", reference=payment["id"])

    money = {"amount": 45_000, "currency": "ZAR"}
    assert [(e["account_code"], e["debit"], e["credit"]) for e in transaction["entries"]] == [
        ("cash:sandbox", money, None),
        ("receivable", None, money),
    ]
    read = await shop.client.get(f"/ledger/transactions/{transaction['id']}")
    assert read.json() == transaction


async def test_the_ledger_is_read_with_its_permission_by_its_business(
    shop: Shop, other_tenant_id: UUID
) -> None:
    await shop.account()
    await shop.paid()
    (transaction, *_) = await shop.list("/ledger/transactions")
    paths = ["/ledger/accounts", "/ledger/transactions", "/ledger/proof"]

    for path in [*paths, f"/ledger/transactions/{transaction['id']}"]:
        for anyone in (None, guest(shop.tenant_id)):
            assert (await shop.client.acting(anyone).get(path)).status_code == 401
        clerk = shop.client.acting(user(shop.tenant_id, "payments.payments.read"))
        assert (await clerk.get(path)).status_code == 403
    stranger = shop.client.acting(user(other_tenant_id))
    assert (await stranger.get(f"/ledger/transactions/{transaction['id']}")).status_code == 404
    assert (await stranger.get("/ledger/accounts")).json()["items"] == []
    assert (await stranger.get("/ledger/proof")).json()["currencies"] == []


async def test_balances_beyond_the_largest_amount_are_shown(context: ServiceContext, tenant_id: UUID) -> None:
    for n in range(3):
        await post(context, tenant_id, [(RECEIVABLE, zar(MAX_AMOUNT)), (REVENUE, zar(-MAX_AMOUNT))], f"{n}")

    listed = await Client(context, user(tenant_id)).get("/ledger/accounts")

    balances = {row["balance"]["amount"] for row in listed.json()["items"]}
    assert balances == {3 * MAX_AMOUNT, -3 * MAX_AMOUNT}
    assert (await proof(context, tenant_id))["is_balanced"] is True
