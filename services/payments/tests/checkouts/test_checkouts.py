"""Starting a payment."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import Actor, ActorKind
from libs.common.ids import new_id
from libs.common.jobs.runner import JobRunner
from libs.common.money import Money
from libs.common.testing.actors import guest, user
from libs.common.testing.events import emitted
from libs.common.testing.eventually import eventually
from libs.common.testing.locks import is_waited_for
from libs.common.testing.round_trips import round_trips
from libs.contracts.payments import PaymentFailed, PaymentSucceeded
from services.payments.payments.service import PaymentService
from services.payments.providers.base import Notice, ProviderRefused, ProviderUnavailable, Status, Subject
from services.payments.providers.registry import RESOURCE
from services.payments.tests.flaky import break_at
from services.payments.tests.shop import Shop

BUY = "payments.checkouts.write"


async def test_a_repeat_gives_the_payment_that_is_open(shop: Shop) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id)

    first = await shop.start(order)

    assert await shop.start(order) == first
    assert len(await shop.list("/payments", order_id=order["id"])) == 1


async def test_tries_at_once_are_one_payment(shop: Shop) -> None:
    await shop.account()
    # Open connections first, so that the tries truly run side by side.
    await asyncio.gather(*(shop.list("/payments") for _ in range(5)))

    for _ in range(5):
        order = shop.orders.place(shop.tenant_id)
        answers = await asyncio.gather(*(shop.start(order) for _ in range(5)))

        assert len({answer["payment_id"] for answer in answers}) == 1
        assert len({answer["redirect_url"] for answer in answers}) == 1


@pytest.mark.parametrize("status", ["draft", "paid", "cancelled", "expired", "shipped"])
async def test_only_a_placed_order_is_paid(shop: Shop, status: str) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id, status=status)

    response = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})

    assert (response.status_code, response.json()["slug"]) == (409, "order-not-payable")
    assert response.json()["order_status"] == status


async def test_an_order_whose_payment_has_just_succeeded_is_not_paid_twice(shop: Shop) -> None:
    await shop.account()
    order, _ = await shop.paid()

    response = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})

    assert response.json()["slug"] == "order-not-payable"


async def test_there_is_nothing_to_pay_for_a_free_order(shop: Shop) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id, 0, shipping=0)

    response = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})

    assert response.json()["slug"] == "order-not-payable"


async def test_without_an_account_for_the_currency_nothing_is_started(shop: Shop) -> None:
    await shop.account(currency="USD")
    await shop.account(is_active=False)
    order = shop.orders.place(shop.tenant_id)

    response = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})

    assert (response.status_code, response.json()["slug"]) == (409, "no-payment-account")


async def test_the_account_can_be_named(shop: Shop) -> None:
    await shop.account()
    bank = await shop.account(
        provider="bank_transfer",
        credentials={"account_holder": "K", "bank": "S", "account_number": "1"},
    )
    order = shop.orders.place(shop.tenant_id)

    default = await shop.start(order)
    named = await shop.start(order, account_id=bank["id"])

    assert (default["provider"], named["provider"]) == ("sandbox", "bank_transfer")
    assert named["redirect_url"] is None
    assert (await shop.payment(default["payment_id"]))["status"] == "cancelled"
    assert await emitted(shop.context, shop.tenant_id, PaymentFailed) == []
    for wrong in (str(new_id()), (await shop.account(currency="USD"))["id"]):
        response = await shop.client.post(
            "/payments/checkouts", json={"order_id": order["id"], "account_id": wrong}
        )
        assert response.status_code == 404


async def test_another_amount_makes_another_payment(shop: Shop) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id)
    first = await shop.start(order)
    order["totals"]["total"]["amount"] = 50_000

    second = await shop.start(order)

    assert second["payment_id"] != first["payment_id"]
    assert second["amount"]["amount"] == 50_000


def client_of(tenant_id: UUID, **changes: object) -> Actor:
    """A client of a shop."""
    return user(tenant_id, BUY, roles=("client",), **changes)


async def test_a_client_pays_his_own_orders_and_those_of_guests(shop: Shop) -> None:
    await shop.account()
    me = client_of(shop.tenant_id)
    mine = shop.orders.place(shop.tenant_id, customer_user_id=str(me.user_id))
    guests = shop.orders.place(shop.tenant_id)
    others = shop.orders.place(shop.tenant_id, customer_user_id=str(new_id()))

    statuses = [
        (await shop.client.acting(me).post("/payments/checkouts", json={"order_id": order["id"]})).status_code
        for order in (mine, guests, others)
    ]

    assert statuses == [201, 201, 404]


async def test_a_guest_pays_the_orders_of_guests_and_nothing_else(shop: Shop) -> None:
    await shop.account()
    guests = shop.orders.place(shop.tenant_id)
    others = shop.orders.place(shop.tenant_id, customer_user_id=str(new_id()))
    visitor = shop.client.acting(guest(shop.tenant_id, BUY))

    assert (await visitor.post("/payments/checkouts", json={"order_id": guests["id"]})).status_code == 201
    assert (await visitor.post("/payments/checkouts", json={"order_id": others["id"]})).status_code == 404
    nobody = shop.client.acting(guest(shop.tenant_id))
    assert (await nobody.post("/payments/checkouts", json={"order_id": guests["id"]})).status_code == 401


async def test_whoever_may_pay_an_order_gets_the_open_payment_when_he_tries_again(shop: Shop) -> None:
    await shop.account()
    for anyone in (guest(shop.tenant_id, BUY), client_of(shop.tenant_id)):
        visitor = shop.client.acting(anyone)
        order = {"order_id": shop.orders.place(shop.tenant_id)["id"]}
        first = await visitor.post("/payments/checkouts", json=order)
        again = await visitor.post("/payments/checkouts", json=order)
        assert (first.status_code, again.status_code) == (201, 201), again.text
        assert again.json() == first.json()


async def test_orders_of_other_businesses_are_unknown(shop: Shop, other_tenant_id: UUID) -> None:
    await shop.account()
    order = shop.orders.place(other_tenant_id)

    response = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})
    missing = await shop.client.post("/payments/checkouts", json={"order_id": str(new_id())})

    assert (response.status_code, missing.status_code) == (404, 404)


async def test_an_address_that_is_none_is_refused_before_anything_is_made(shop: Shop) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id)

    response = await shop.client.post(
        "/payments/checkouts", json={"order_id": order["id"], "return_url": "javascript:alert(1)"}
    )

    assert (response.status_code, response.json()["slug"]) == (422, "return-url-refused")
    assert await shop.list("/payments") == []


async def test_buyers_are_sent_home_or_to_the_shop(shop: Shop) -> None:
    await shop.account()

    for url in ("http://127.0.0.1:8000/thanks?a=1", "HTTP://127.0.0.1:8000", "https://shop.example/thanks"):
        await shop.start(shop.orders.place(shop.tenant_id), return_url=url)


async def test_a_key_replays_the_answer_and_refuses_another_body(shop: Shop) -> None:
    await shop.account()
    order, other = shop.orders.place(shop.tenant_id), shop.orders.place(shop.tenant_id)
    key = {"Idempotency-Key": "k-1"}

    first = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]}, headers=key)
    again = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]}, headers=key)
    reused = await shop.client.post("/payments/checkouts", json={"order_id": other["id"]}, headers=key)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (reused.status_code, reused.json()["slug"]) == (422, "idempotency-key-reused")


async def test_the_key_of_one_api_key_is_not_that_of_another(shop: Shop) -> None:
    await shop.account()
    key = {"Idempotency-Key": "k-1"}

    for _ in range(2):
        program = Actor(
            kind=ActorKind.API_KEY,
            key_id=new_id(),
            tenant_id=shop.tenant_id,
            tenant_status="active",
            permissions=frozenset({BUY}),
        )
        order = {"order_id": shop.orders.place(shop.tenant_id)["id"]}
        started = await shop.client.acting(program).post("/payments/checkouts", json=order, headers=key)
        assert started.status_code == 201, started.text


async def test_an_empty_key_counts_as_none(shop: Shop) -> None:
    await shop.account()
    key = {"Idempotency-Key": ""}

    for _ in range(2):
        order = {"order_id": shop.orders.place(shop.tenant_id)["id"]}
        started = await shop.client.post("/payments/checkouts", json=order, headers=key)
        assert started.status_code == 201, started.text


async def test_a_business_that_may_not_trade_takes_no_money(shop: Shop) -> None:
    order = shop.orders.place(shop.tenant_id)
    pending = shop.client.acting(user(shop.tenant_id, tenant_status="pending"))

    response = await pending.post("/payments/checkouts", json={"order_id": order["id"]})

    assert (response.status_code, response.json()["slug"]) == (403, "tenant-not-active")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_checkout_cut_off_at_the_provider_goes_on_at_the_next_try(
    isolated: Shop, moment: str
) -> None:
    shop = isolated
    await shop.account()
    flaky = break_at(shop)
    getattr(flaky, moment).append("create_checkout")
    order = shop.orders.place(shop.tenant_id)
    key = {"Idempotency-Key": "k-1"}

    broken = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]}, headers=key)
    (kept,) = await shop.list("/payments")
    again = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]}, headers=key)

    assert (broken.status_code, broken.json()["slug"]) == (503, "payment-provider-unavailable")
    assert (kept["status"], kept["redirect_url"]) == ("pending", None)
    assert (again.status_code, again.json()["payment_id"]) == (201, kept["id"])
    await shop.press(again.json())
    await shop.work()
    assert len(await emitted(shop.context, shop.tenant_id, PaymentSucceeded)) == 1


async def test_a_checkout_of_a_process_that_died_is_completed_by_the_reconciling_job(isolated: Shop) -> None:
    shop = isolated
    await shop.account()
    flaky = break_at(shop)
    flaky.error = KeyboardInterrupt  # type: ignore[assignment]
    flaky.before.append("create_checkout")
    order = shop.orders.place(shop.tenant_id)
    with pytest.raises(KeyboardInterrupt):
        await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})
    (kept,) = await shop.list("/payments")

    await shop.work()
    assert (await shop.payment(kept["id"]))["redirect_url"] is None
    shop.context.clock.advance(minutes=3)  # type: ignore[attr-defined]
    await JobRunner(shop.context).run_due()

    assert (await shop.start(order))["payment_id"] == kept["id"]
    assert (await shop.payment(kept["id"]))["redirect_url"]
    assert flaky.calls.count("create_checkout") == 2


async def test_a_refusal_fails_the_payment_and_another_may_be_tried(isolated: Shop) -> None:
    shop = isolated
    await shop.account()
    flaky = break_at(shop)
    flaky.error = lambda: ProviderRefused("amount too small")
    flaky.before.append("create_checkout")
    order = shop.orders.place(shop.tenant_id)

    refused = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})

    assert (refused.status_code, refused.json()["slug"]) == (502, "payment-provider-refused")
    (failed,) = await emitted(shop.context, shop.tenant_id, PaymentFailed)
    assert failed.data["reason"] == "amount too small"
    assert (await shop.start(order))["payment_id"] != failed.data["payment_id"]


@pytest.mark.parametrize(("outcome", "status"), [("failure", "failed"), ("cancel", "cancelled")])
async def test_a_buyer_may_try_again_before_the_webhook_of_the_failure_has_come(
    shop: Shop, outcome: str, status: str
) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id)
    first = await shop.start(order)
    await shop.press(first, outcome)

    second = await shop.start(order)

    assert second["payment_id"] != first["payment_id"]
    assert second["redirect_url"] != first["redirect_url"]
    assert (await shop.payment(first["payment_id"]))["status"] == status
    await shop.press(second)
    await shop.work()
    assert (await shop.payment(second["payment_id"]))["status"] == "succeeded"


async def test_a_buyer_who_has_paid_is_not_asked_again_before_the_webhook_has_come(shop: Shop) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id)
    first = await shop.start(order)
    await shop.press(first)

    response = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]})

    assert (response.status_code, response.json()["slug"]) == (409, "order-not-payable")
    assert (await shop.payment(first["payment_id"]))["status"] == "succeeded"


async def test_an_order_that_is_being_paid_is_not_paid_twice(shop: Shop) -> None:
    await shop.account()
    order = shop.orders.place(shop.tenant_id)
    first = await shop.start(order)
    account_id = UUID((await shop.payment(first["payment_id"]))["account_id"])
    notice = Notice(
        message_id="m",
        event_id="e",
        subject=Subject.PAYMENT,
        status=Status.SUCCEEDED,
        reference=UUID(first["payment_id"]),
        amount=Money(**first["amount"]),
    )
    was_asked = asyncio.Event()

    class Silent:
        """Does not say what became of a payment."""

        is_online = True

        async def fetch(self, *_: Any) -> None:
            was_asked.set()
            await is_being_settled.wait()
            raise ProviderUnavailable

    is_being_settled = asyncio.Event()
    providers = shop.context.resources[RESOURCE]
    shop.context.resources[RESOURCE] = {**providers, "sandbox": Silent()}
    try:
        again = asyncio.create_task(shop.client.post("/payments/checkouts", json={"order_id": order["id"]}))
        await was_asked.wait()
        async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
            assert await PaymentService(uow).apply(account_id, notice) == "applied"
            await uow.flush()
            is_being_settled.set()
            await eventually(lambda: is_waited_for(uow))
        response = await again
    finally:
        shop.context.resources[RESOURCE] = providers

    assert (response.status_code, response.json()["slug"]) == (409, "order-not-payable")
    assert len(await shop.list("/payments", order_id=order["id"])) == 1


async def test_a_key_that_started_nothing_may_come_again_with_another_order(shop: Shop) -> None:
    await shop.account()
    order, other = shop.orders.place(shop.tenant_id), shop.orders.place(shop.tenant_id)
    await shop.press(await shop.start(order))
    key = {"Idempotency-Key": "k-1"}

    refused = await shop.client.post("/payments/checkouts", json={"order_id": order["id"]}, headers=key)
    started = await shop.client.post("/payments/checkouts", json={"order_id": other["id"]}, headers=key)

    assert (refused.status_code, started.status_code) == (409, 201)


async def test_a_new_payment_takes_few_round_trips(shop: Shop) -> None:
    await shop.account()
    order, key = {"order_id": shop.orders.place(shop.tenant_id)["id"]}, {"Idempotency-Key": "k-1"}

    with round_trips(shop.context.engine) as trips:
        started = await shop.client.post("/payments/checkouts", json=order, headers=key)

    assert started.status_code == 201
    changed = [
        [s.split()[0] for s in together if not s.startswith("SELECT")] for together in trips.statements
    ]
    assert changed == [
        ["INSERT"],  # The key, with all that is to be known of the order;
        ["INSERT", "INSERT"],  # the payment and its record, with the commit.
        [],  # The provider's: whose account it is,
        ["INSERT"],  # and its checkout.
        ["UPDATE"],  # Where the buyer is to go,
        ["UPDATE"],  # and the answer to the key, with the commit.
    ]


async def test_a_page_is_one_round_trip(shop: Shop) -> None:
    await shop.account()
    page = (await shop.start(shop.orders.place(shop.tenant_id)))["redirect_url"].partition("/api/v1")[2]

    with round_trips(shop.context.engine) as trips:
        assert (await shop.client.get(page)).status_code == 200

    assert len(trips.statements) == 1
