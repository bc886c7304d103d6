"""Refunds: never more than was captured, each counted once."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.testing.actors import user
from libs.common.testing.events import deliver, emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.orders import LatePaymentRefused, OrderCancelled
from libs.contracts.payments import CreditNoteIssued, RefundFailed, RefundSucceeded
from services.payments.providers.base import Notice, ProviderRefused, RefundState, Status, Subject
from services.payments.refunds.service import RefundService
from services.payments.tests.flaky import break_at
from services.payments.tests.front import Front
from services.payments.tests.orders_app import order_paid
from services.payments.tests.shop import Shop

BANK = {"account_holder": "Karoo Coffee", "bank": "Standard Bank", "account_number": "1234567890"}
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def test_the_rest_is_given_back_by_default(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()
    await shop.refund(payment["id"], 10_000)

    rest = (await shop.refund(payment["id"])).json()

    assert rest["amount"]["amount"] == 35_000
    assert (await shop.payment(payment["id"]))["refunded"]["amount"] == 45_000
    nothing = await shop.refund(payment["id"])
    assert (nothing.status_code, nothing.json()["slug"]) == (409, "payment-not-refundable")


async def test_more_than_is_left_is_refused_and_says_how_much_is(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()
    await shop.refund(payment["id"], 40_000)

    response = await shop.refund(payment["id"], 5_001)

    assert (response.status_code, response.json()["slug"]) == (409, "refund-exceeds-payment")
    assert response.json()["refundable"] == {"amount": 5_000, "currency": "ZAR"}


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x", "amount": {"amount": 0, "currency": "ZAR"}},
        {"reason": "x", "amount": {"amount": -1, "currency": "ZAR"}},
        {"reason": "x", "amount": {"amount": 1.5, "currency": "ZAR"}},
        {"reason": "x", "amount": 100},
        {"reason": ""},
        {},
        {"reason": "x", "surprise": 1},
    ],
)
async def test_bad_bodies_are_refused(shop: Shop, body: dict) -> None:
    await shop.account()
    _, payment = await shop.paid()

    response = await shop.client.post(
        f"/payments/{payment['id']}/refund", json=body, headers={"Idempotency-Key": "k"}
    )

    assert response.status_code == 422
    assert await shop.list("/refunds") == []


async def test_other_money_cannot_be_given_back(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()
    body = {"reason": "x", "amount": {"amount": 1, "currency": "USD"}}

    response = await shop.client.post(
        f"/payments/{payment['id']}/refund", json=body, headers={"Idempotency-Key": "k"}
    )

    assert response.json()["slug"] == "refund-exceeds-payment"


async def test_a_pending_payment_has_nothing_to_give_back(shop: Shop) -> None:
    await shop.account()
    checkout = await shop.start(shop.orders.place(shop.tenant_id))

    response = await shop.refund(checkout["payment_id"], 100)

    assert response.json()["slug"] == "payment-not-refundable"


async def test_a_key_is_required_replays_and_refuses_another_body(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()
    path = f"/payments/{payment['id']}/refund"

    without = await shop.client.post(path, json={"reason": "x"})
    first = await shop.refund(payment["id"], 100, key="k-1")
    again = await shop.refund(payment["id"], 100, key="k-1")
    other = await shop.refund(payment["id"], 200, key="k-1")

    assert (without.status_code, without.json()["slug"]) == (400, "idempotency-key-required")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["slug"]) == (422, "idempotency-key-reused")
    assert len(await shop.list("/refunds")) == 1


async def test_one_key_many_times_at_once_is_one_refund(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()

    answers = await asyncio.gather(*(shop.refund(payment["id"], 10_000, key="k-1") for _ in range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await emitted(shop.context, shop.tenant_id, RefundSucceeded)) == 1


@SLOW
@given(amounts=st.lists(st.integers(1, 30_000), min_size=2, max_size=5))
async def test_refunds_at_once_never_exceed_the_payment(shop: Shop, amounts: list[int]) -> None:
    if not await shop.list("/payment-accounts"):
        await shop.account()
    _, payment = await shop.paid()

    answers = await asyncio.gather(*(shop.refund(payment["id"], amount) for amount in amounts))
    await shop.work()

    given_back = sum(a.json()["amount"]["amount"] for a in answers if a.status_code == 201)
    assert {a.status_code for a in answers} <= {201, 409}
    assert given_back <= 45_000
    assert (await shop.payment(payment["id"]))["refunded"]["amount"] == given_back
    refused = [amount for amount, a in zip(amounts, answers, strict=True) if a.status_code == 409]
    assert all(amount > 45_000 - given_back for amount in refused)
    assert sum((await shop.balances()).values()) == 0


async def test_the_answer_and_the_webhook_count_once(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.invoiced()

    await shop.refund(payment["id"], 10_000)
    await shop.work()
    await shop.work()

    assert len(await emitted(shop.context, shop.tenant_id, RefundSucceeded)) == 1
    assert len(await emitted(shop.context, shop.tenant_id, CreditNoteIssued)) == 1
    assert (await shop.balances())["cash:sandbox"] == 35_000


async def test_a_refund_is_settled_in_three_round_trips_and_a_repeated_word_of_it_in_one(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.invoiced()
    bank = RefundState(id="r_1", status=Status.SUCCEEDED)
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        service = RefundService(uow)
        asked = await service.rows.ask(UUID(payment["id"]))
        refund = await service.intend(asked, None, "Arrived broken", None)

    with round_trips(shop.context.engine) as trips:
        for _ in range(2):
            async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
                await RefundService(uow).settle(refund.id, bank)

    # Payment, refund and invoice are locked; the note gets its number; all is written. The repeat finds it settled.
    assert [len(statements) for statements in trips.statements[:2]] == [3, 1]
    assert [len(statements) for statements in trips.statements[3:]] == [3]
    (note,) = await shop.list("/credit-notes")
    (invoice,) = await shop.list("/invoices")
    assert (note["total"]["amount"], invoice["credited"]["amount"]) == (45_000, 45_000)
    assert (await shop.balances())["cash:sandbox"] == 0


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_refund_cut_off_at_the_provider_is_completed_once(
    isolated: Shop, front: Front, moment: str
) -> None:
    shop = isolated
    await shop.account()
    _, payment = await shop.invoiced()
    flaky = break_at(shop)
    # No webhook helps: the provider must be asked.
    front.fails = 1000
    getattr(flaky, moment).append("refund")

    pending = await shop.refund(payment["id"], 10_000)
    over = await shop.refund(payment["id"], 35_001)

    assert (pending.status_code, pending.json()["status"]) == (201, "pending")
    assert over.json()["slug"] == "refund-exceeds-payment"
    shop.context.clock.advance(minutes=3)  # type: ignore[attr-defined]
    await shop.work()
    (refund,) = await shop.list("/refunds")
    assert refund["status"] == "succeeded"
    assert len(await emitted(shop.context, shop.tenant_id, RefundSucceeded)) == 1
    assert (await shop.payment(payment["id"]))["refunded"]["amount"] == 10_000
    assert flaky.calls.count("refund") == (2 if moment == "before" else 1)


async def test_a_refund_of_a_process_that_died_is_completed(isolated: Shop) -> None:
    shop = isolated
    await shop.account()
    _, payment = await shop.paid()
    flaky = break_at(shop)
    flaky.error = KeyboardInterrupt  # type: ignore[assignment]
    flaky.before.append("refund")
    with pytest.raises(KeyboardInterrupt):
        await shop.refund(payment["id"], 10_000, key="k-1")

    shop.context.clock.advance(minutes=3)  # type: ignore[attr-defined]
    await shop.work()

    (refund,) = await shop.list("/refunds")
    assert refund["status"] == "succeeded"
    again = await shop.refund(payment["id"], 10_000, key="k-1")
    assert (again.status_code, again.json()["id"]) == (201, refund["id"])


async def test_a_refused_refund_fails_and_frees_its_amount(isolated: Shop) -> None:
    shop = isolated
    await shop.account()
    _, payment = await shop.paid()
    flaky = break_at(shop)
    flaky.error = lambda: ProviderRefused("closed account")
    flaky.before.append("refund")

    refused = await shop.refund(payment["id"])

    assert (refused.status_code, refused.json()["status"]) == (201, "failed")
    assert refused.json()["failure_reason"] == "closed account"
    assert len(await emitted(shop.context, shop.tenant_id, RefundFailed)) == 1
    assert (await shop.refund(payment["id"])).json()["status"] == "succeeded"


async def refused(shop: Shop, payment_id: str, amount: int) -> UUID:
    """A refund that the provider said no to."""
    flaky = break_at(shop)
    flaky.error = lambda: ProviderRefused("try later")
    flaky.before.append("refund")
    refund = (await shop.refund(payment_id, amount)).json()
    assert refund["status"] == "failed"
    return UUID(refund["id"])


async def say_that_it_was_given_back(shop: Shop, account: dict, refund_id: UUID) -> str:
    """What comes of the provider's word that a refund has succeeded."""
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        word = Notice(
            "m", str(new_id()), Subject.REFUND, Status.SUCCEEDED, object_id="r_9", reference=refund_id
        )
        return await RefundService(uow).apply(UUID(account["id"]), word)


async def test_a_refund_that_succeeds_after_a_failure_counts_once(isolated: Shop) -> None:
    shop = isolated
    account = await shop.account()
    _, payment = await shop.invoiced()
    refund_id = await refused(shop, payment["id"], 30_000)

    said = [await say_that_it_was_given_back(shop, account, refund_id) for _ in range(2)]

    assert said == ["applied", "repeated"]
    (refund,) = await shop.list("/refunds")
    assert (refund["status"], refund["failure_reason"]) == ("succeeded", None)
    assert (await shop.payment(payment["id"]))["refunded"]["amount"] == 30_000
    assert (await shop.balances())["cash:sandbox"] == 15_000
    assert len(await shop.list("/credit-notes")) == 1
    over = await shop.refund(payment["id"], 15_001)
    assert over.json()["slug"] == "refund-exceeds-payment"


async def test_many_words_at_once_on_refunds_that_failed_give_back_no_more_than_was_paid(
    isolated: Shop,
) -> None:
    shop = isolated
    account = await shop.account()
    _, payment = await shop.invoiced()
    failed = [await refused(shop, payment["id"], 20_000) for _ in range(3)]

    said = await asyncio.gather(
        *(say_that_it_was_given_back(shop, account, refund_id) for refund_id in failed * 2),
        shop.refund(payment["id"], 10_000),
    )

    given_back = (await shop.payment(payment["id"]))["refunded"]["amount"]
    assert given_back == 20_000 * said.count("applied") + 10_000 * (said[-1].status_code == 201)
    # Two words, or one beside the new refund: who came first was given its money.
    assert given_back in (30_000, 40_000)
    assert (await shop.balances())["cash:sandbox"] == 45_000 - given_back
    assert sum((await shop.balances()).values()) == 0


async def test_a_refund_that_succeeds_when_its_money_was_given_back_otherwise_is_suspicious(
    isolated: Shop,
) -> None:
    shop = isolated
    account = await shop.account()
    _, payment = await shop.invoiced()
    refund_id = await refused(shop, payment["id"], 30_000)
    assert (await shop.refund(payment["id"], 20_000)).json()["status"] == "succeeded"

    assert await say_that_it_was_given_back(shop, account, refund_id) == "suspicious"

    payment = await shop.payment(payment["id"])
    assert payment["refunded"]["amount"] == 20_000
    assert payment["suspicion"] == "the provider gave back ZAR 300.00 by a refund that had failed"
    assert (await shop.balances())["cash:sandbox"] == 25_000


async def test_a_late_payment_is_given_back_once(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.paid()
    event = LatePaymentRefused(
        order_id=order["id"], number=order["number"], payment_id=payment["id"], reason="order-expired"
    )

    for _ in range(2):
        assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.DONE]
    await shop.work()

    (refund,) = await shop.list("/refunds")
    assert (refund["status"], refund["amount"]["amount"]) == ("succeeded", 45_000)
    assert await shop.list("/credit-notes") == []
    assert await shop.balances() == {"cash:sandbox": 0, "receivable": 0}


async def test_a_second_payment_of_an_invoiced_order_takes_nothing_from_its_invoice(shop: Shop) -> None:
    await shop.account()
    bank = await shop.account(provider="bank_transfer", credentials=BANK)
    order = shop.orders.place(shop.tenant_id)
    replaced = await shop.start(order)
    second = await shop.start(order, account_id=bank["id"])
    await shop.client.post(f"/payments/{second['payment_id']}/capture", json={})
    await deliver(shop.context, order_paid(order, second["payment_id"]), shop.tenant_id)
    # The buyer still had the first page open.
    await shop.press(replaced)
    await shop.work()

    given_back = await shop.refund(replaced["payment_id"])

    assert given_back.json()["status"] == "succeeded"
    (invoice,) = await shop.list("/invoices")
    assert (invoice["payment_id"], invoice["credited"]["amount"]) == (second["payment_id"], 0)
    assert await shop.list("/credit-notes") == []
    assert (await shop.balances())["receivable"] == 0


async def test_what_was_paid_for_a_cancelled_order_is_given_back_once(shop: Shop) -> None:
    await shop.account()
    order, payment = await shop.invoiced()
    await shop.refund(payment["id"], 5_000)
    event = OrderCancelled(
        order_id=order["id"],
        number=order["number"],
        email=order["email"],
        totals=order["totals"],
        was_paid=True,
        payment_id=payment["id"],
        reason="changed my mind",
    )

    for _ in range(2):
        assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.DONE]
    await shop.work()

    refunds = await shop.list("/refunds", order="created_at")
    assert [r["amount"]["amount"] for r in refunds] == [5_000, 40_000]
    assert (await shop.payment(payment["id"]))["refunded"]["amount"] == 45_000
    assert [n["number"] for n in await shop.list("/credit-notes", order="created_at")] == [
        "CN-000001",
        "CN-000002",
    ]


async def test_an_unpaid_cancelled_order_gives_nothing_back(shop: Shop) -> None:
    order = shop.orders.place(shop.tenant_id)
    event = OrderCancelled(
        order_id=order["id"], number="A", email="a@example.com", totals=order["totals"], was_paid=False
    )

    assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.DONE]
    assert await shop.list("/refunds") == []


async def test_a_late_payment_that_is_not_known_yet_is_asked_for_again(shop: Shop) -> None:
    event = LatePaymentRefused(order_id=new_id(), number="A", payment_id=new_id(), reason="x")

    assert await deliver(shop.context, event, shop.tenant_id) == [Verdict.RETRY]


async def test_a_bank_refund_waits_for_a_person(shop: Shop) -> None:
    await shop.account(provider="bank_transfer", credentials=BANK)
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    payment = f"/payments/{checkout['payment_id']}"
    assert (await shop.client.post(f"{payment}/capture", json={"note": "Statement 12"})).status_code == 200
    assert (await shop.client.post(f"{payment}/capture", json={})).status_code == 409
    assert (await shop.client.post(f"{payment}/void", json={})).status_code == 409

    refund = (await shop.refund(checkout["payment_id"], 10_000)).json()
    assert refund["status"] == "pending"
    done = await shop.client.post(f"/refunds/{refund['id']}/complete")

    assert done.json()["status"] == "succeeded"
    assert (await shop.client.post(f"/refunds/{refund['id']}/complete")).status_code == 409
    assert (await shop.balances())["cash:bank_transfer"] == 35_000


async def test_what_the_provider_does_is_not_confirmed_by_hand(shop: Shop) -> None:
    await shop.account()
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    for step in ("capture", "void"):
        response = await shop.client.post(f"/payments/{checkout['payment_id']}/{step}", json={})
        assert response.status_code == 409
    assert (await shop.payment(checkout["payment_id"]))["status"] == "pending"


async def test_others_see_and_refund_nothing(shop: Shop) -> None:
    await shop.account()
    _, payment = await shop.paid()
    refund = (await shop.refund(payment["id"], 100)).json()
    stranger = shop.client.acting(user(new_id()))
    body, key = {"reason": "x"}, {"Idempotency-Key": "k"}

    assert (await stranger.get(f"/refunds/{refund['id']}")).status_code == 404
    assert (await stranger.get(f"/payments/{payment['id']}")).status_code == 404
    path = f"/payments/{payment['id']}/refund"
    assert (await stranger.post(path, json=body, headers=key)).status_code == 404
    for anyone, status in ((None, 401), (user(shop.tenant_id, "payments.refunds.read"), 403)):
        response = await shop.client.acting(anyone).post(path, json=body, headers=key)
        assert response.status_code == status
    client = shop.client.acting(user(shop.tenant_id, "payments.payments.read", roles=("client",)))
    assert (await client.get("/payments")).json()["items"] == []
    assert (await client.get(f"/payments/{payment['id']}")).status_code == 404
