"""Webhooks: believed only when signed, and counted once whatever is repeated, reordered or simultaneous."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import select, text

from libs.common.actor import Actor
from libs.common.ids import new_id
from libs.common.money import Money
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.payments import PaymentFailed, PaymentSucceeded
from services.payments.payment_accounts.credentials import open_credentials
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.payments.service import PaymentService
from services.payments.providers.base import Notice, Status, Subject
from services.payments.providers.standard_webhooks import new_secret, signed_headers
from services.payments.refunds.service import RefundService
from services.payments.tests.shop import Shop
from services.payments.webhooks.models import WebhookDelivery
from services.payments.webhooks.service import WebhookService


class Provider:
    """Writes webhooks as the sandbox would, for one account."""

    def __init__(self, shop: Shop, account: dict[str, Any], secret: str) -> None:
        self.shop = shop
        self.account = account
        self.secret = secret
        self.path = account["webhook_path"].removeprefix("/api/v1")

    @classmethod
    async def of(cls, shop: Shop, **fields: Any) -> "Provider":
        """The provider of a new account."""
        account = await shop.account(**fields)
        async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
            row = await uow.session.get(PaymentAccount, (shop.tenant_id, UUID(account["id"])))
            assert row is not None
        return cls(shop, account, open_credentials(shop.context.keyring, row)["webhook_secret"])

    async def event(self, checkout: dict[str, Any], status: str = "succeeded", **changes: Any) -> bytes:
        """The body of an event on a payment."""
        code = checkout["redirect_url"].rpartition("/")[2]
        data = {
            "id": code,
            "checkout_id": code,
            "payment_id": "p_1",
            "status": status,
            "amount": checkout["amount"]["amount"],
            "currency": checkout["amount"]["currency"],
            "reference": checkout["payment_id"],
            "reason": None if status == "succeeded" else "declined",
            "refunds": [],
            **changes,
        }
        return orjson.dumps({"id": f"evt_{new_id().hex}", "type": f"payment.{status}", "data": data})

    async def send(
        self, body: bytes, *, late: float = 0, path: str | None = None, **changes: str
    ) -> httpx.Response:
        """Sign and send a body; `late` seconds after it was signed."""
        now = self.shop.context.clock.now() - timedelta(seconds=late)
        headers = signed_headers(self.secret, f"msg_{new_id().hex}", now, body)
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        return await self.shop.client.acting(Actor()).post(path or self.path, content=body, headers=headers)


@pytest.fixture
async def provider(shop: Shop) -> Provider:
    """The provider of the shop's account."""
    return await Provider.of(shop)


async def outcomes(context: ServiceContext, tenant_id: UUID) -> list[str | None]:
    """What came of the webhooks of a tenant, oldest first."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        rows = await uow.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
        return [row.outcome for row in rows]


async def test_a_payment_succeeds_and_the_raw_body_is_kept(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    body = await provider.event(checkout) + b"\n  "

    response = await provider.send(body)

    assert (response.status_code, response.json()) == (200, {"received": True})
    await shop.work()
    assert (await shop.payment(checkout["payment_id"]))["status"] == "succeeded"
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        kept = (await uow.session.scalars(select(WebhookDelivery))).one()
    assert (kept.body, kept.outcome) == (body, "applied")
    assert kept.headers["webhook-id"] == kept.message_id


async def test_what_is_not_signed_for_this_account_is_refused(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    body = await provider.event(checkout)
    other = await Provider.of(shop, currency="USD")
    forger = Provider(shop, provider.account, new_secret())

    answers = [
        await forger.send(body),
        await provider.send(body, late=301),
        await provider.send(body, late=-302),
        await provider.send(body, webhook_id="msg_other"),
        await provider.send(body, webhook_signature="v1,AAAA"),
        await provider.send(body, path=other.path),
        await provider.send(b"not json"),
        await shop.client.post(provider.path, content=body),
    ]

    assert {(a.status_code, a.json()["slug"]) for a in answers} == {(401, "invalid-signature")}
    await shop.work()
    assert await outcomes(shop.context, shop.tenant_id) == []
    assert (await shop.payment(checkout["payment_id"]))["status"] == "pending"


async def test_an_altered_body_is_refused(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    body = await provider.event(checkout)
    headers = signed_headers(provider.secret, "msg_1", shop.context.clock.now(), body)

    response = await shop.client.post(
        provider.path, content=body.replace(b'"succeeded"', b'"succeeded "'), headers=headers
    )

    assert response.status_code == 401


async def test_an_unknown_account_is_404(shop: Shop, provider: Provider) -> None:
    for path in (
        f"/payments/webhooks/sandbox/{new_id()}",
        f"/payments/webhooks/bank_transfer/{provider.account['id']}",
        f"/payments/webhooks/yoco/{provider.account['id']}",
    ):
        assert (await provider.send(b"{}", path=path)).status_code == 404


async def test_a_replay_changes_nothing(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    body = await provider.event(checkout)
    headers = signed_headers(provider.secret, "msg_1", shop.context.clock.now(), body)

    for _ in range(3):
        assert (await shop.client.post(provider.path, content=body, headers=headers)).status_code == 200
    # The same event under other message ids, and another event that says the same.
    await provider.send(body)
    await provider.send(await provider.event(checkout))
    await shop.work()

    assert await outcomes(shop.context, shop.tenant_id) == ["applied", "repeated"]
    assert len(await emitted(shop.context, shop.tenant_id, PaymentSucceeded)) == 1
    assert (await shop.balances())["cash:sandbox"] == 45_000


async def test_a_webhook_is_kept_in_three_round_trips(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    body = await provider.event(checkout)

    with round_trips(shop.context.engine) as trips:
        assert (await provider.send(body)).status_code == 200

    # Its account is read, it is kept, and its job deferred in the commit.
    assert [len(statements) for statements in trips.statements] == [1, 1, 1]


async def test_what_a_webhook_comes_to_is_written_in_the_commit(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    await provider.send(await provider.event(checkout))
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        kept = (await uow.session.scalars(select(WebhookDelivery.id))).one()

    with round_trips(shop.context.engine) as trips:
        async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
            await WebhookService(uow).process(kept)

    # The webhook and then the payment are locked; payment, accounts, posting, two events and the webhook are written.
    assert [len(statements) for statements in trips.statements] == [1, 1, 6]
    assert await outcomes(shop.context, shop.tenant_id) == ["applied"]
    assert (await shop.balances())["cash:sandbox"] == 45_000


async def test_many_at_once_count_once(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    same = await provider.event(checkout)
    bodies = [same] * 4 + [await provider.event(checkout) for _ in range(4)]

    answers = await asyncio.gather(*(provider.send(body) for body in bodies))
    await process_side_by_side(shop)
    await shop.work()

    assert {answer.status_code for answer in answers} == {200}
    assert (
        sorted(filter(None, await outcomes(shop.context, shop.tenant_id))) == ["applied"] + ["repeated"] * 4
    )
    assert len(await emitted(shop.context, shop.tenant_id, PaymentSucceeded)) == 1
    assert (await shop.balances())["cash:sandbox"] == 45_000


async def test_of_different_words_at_once_success_counts_once(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    words = ["failed", "succeeded", "cancelled", "succeeded", "failed"]

    await asyncio.gather(*[provider.send(await provider.event(checkout, word)) for word in words])
    await process_side_by_side(shop)
    await shop.work()

    assert (await shop.payment(checkout["payment_id"]))["status"] == "succeeded"
    assert len(await emitted(shop.context, shop.tenant_id, PaymentSucceeded)) == 1
    assert len(await emitted(shop.context, shop.tenant_id, PaymentFailed)) <= 1
    assert await shop.balances() == {"cash:sandbox": 45_000, "receivable": -45_000}


async def process_side_by_side(shop: Shop) -> None:
    """Process all kept webhooks at once, each in a transaction that is open before the first one begins."""
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        ids = [row.id for row in await uow.session.scalars(select(WebhookDelivery))]
    barrier = asyncio.Barrier(len(ids))

    async def process(delivery_id: UUID) -> None:
        async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
            await barrier.wait()
            await WebhookService(uow).process(delivery_id)

    await asyncio.gather(*(process(delivery_id) for delivery_id in ids))


@pytest.mark.parametrize("second", ["failed", "cancelled"])
async def test_a_failure_after_success_undoes_nothing(shop: Shop, provider: Provider, second: str) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))

    await provider.send(await provider.event(checkout))
    await shop.work()
    await provider.send(await provider.event(checkout, second))
    await shop.work()

    assert (await shop.payment(checkout["payment_id"]))["status"] == "succeeded"
    assert await emitted(shop.context, shop.tenant_id, PaymentFailed) == []


@pytest.mark.parametrize("first", ["failed", "cancelled"])
async def test_success_after_a_failure_counts(shop: Shop, provider: Provider, first: str) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))

    await provider.send(await provider.event(checkout, first))
    await shop.work()
    assert (await shop.payment(checkout["payment_id"]))["status"] == first
    await provider.send(await provider.event(checkout))
    await shop.work()

    assert (await shop.payment(checkout["payment_id"]))["status"] == "succeeded"
    assert len(await emitted(shop.context, shop.tenant_id, PaymentFailed)) == 1
    assert len(await emitted(shop.context, shop.tenant_id, PaymentSucceeded)) == 1


@pytest.mark.parametrize(
    "change",
    [{"amount": 44_999}, {"amount": 45_001}, {"currency": "USD"}, {"checkout_id": "ch_another"}],
)
async def test_what_does_not_fit_is_suspicious_and_not_applied(
    shop: Shop, provider: Provider, change: dict[str, Any]
) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))

    await provider.send(await provider.event(checkout, **change))
    await shop.work()

    payment = await shop.payment(checkout["payment_id"])
    assert (payment["status"], bool(payment["suspicion"])) == ("pending", True)
    assert await outcomes(shop.context, shop.tenant_id) == ["suspicious"]
    assert await emitted(shop.context, shop.tenant_id, PaymentSucceeded) == []


async def test_a_webhook_on_another_accounts_payment_is_not_applied(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    other = await Provider.of(shop, currency="USD")

    await other.send(await other.event(checkout))
    await shop.work()

    assert (await shop.payment(checkout["payment_id"]))["status"] == "pending"
    assert await outcomes(shop.context, shop.tenant_id) == ["unknown"]


async def test_a_word_on_another_accounts_checkout_or_refund_has_no_effect(
    shop: Shop, provider: Provider
) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    other = UUID((await Provider.of(shop, currency="USD")).account["id"])
    amount = Money(**checkout["amount"])

    def word(subject: Subject, reference: UUID | None, checkout_id: str | None) -> Notice:
        return Notice(
            message_id=f"msg_{new_id().hex}",
            event_id=f"evt_{new_id().hex}",
            subject=subject,
            status=Status.SUCCEEDED,
            object_id="p_1",
            checkout_id=checkout_id,
            reference=reference,
            amount=amount,
            reason=None,
        )

    # Some providers echo no reference of ours.
    of_payment = word(Subject.PAYMENT, None, checkout["redirect_url"].rpartition("/")[2])
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        assert await PaymentService(uow).apply(other, of_payment) == "unknown"
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        assert await PaymentService(uow).apply(UUID(provider.account["id"]), of_payment) == "applied"
    refund = (await shop.refund(checkout["payment_id"])).json()
    of_refund = word(Subject.REFUND, UUID(refund["id"]), None)
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        assert await RefundService(uow).apply(other, of_refund) == "suspicious"


async def test_a_webhook_that_overtakes_our_own_answer_counts(shop: Shop, provider: Provider) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        await uow.session.execute(
            text("UPDATE payments.payments SET checkout_id = NULL, redirect_url = NULL")
        )

    await provider.send(await provider.event(checkout))
    await shop.work()

    assert (await shop.payment(checkout["payment_id"]))["status"] == "succeeded"


async def test_money_under_way_through_a_removed_account_still_arrives(
    shop: Shop, provider: Provider
) -> None:
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    assert (await shop.client.delete(f"/payment-accounts/{provider.account['id']}")).status_code == 204

    await shop.press(checkout)
    await shop.work()

    assert (await shop.payment(checkout["payment_id"]))["status"] == "succeeded"
