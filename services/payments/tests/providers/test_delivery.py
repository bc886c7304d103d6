"""The simulator's webhooks arrive, whatever fails in between."""

from sqlalchemy import select, text

from libs.common.jobs.runner import JobRunner
from libs.common.testing.events import emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.payments import PaymentSucceeded
from services.payments.providers.simulator.delivery import HTTP_RESOURCE, deliver_due, deliver_one
from services.payments.providers.simulator.models import SandboxDelivery
from services.payments.providers.simulator.schedule import LADDER
from services.payments.tests.front import Front
from services.payments.tests.shop import Shop


async def owed(shop: Shop) -> list[SandboxDelivery]:
    """The deliveries of the shop."""
    async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
        return list(await uow.session.scalars(select(SandboxDelivery).order_by(SandboxDelivery.id)))


async def press(shop: Shop) -> dict:
    """Start and pay a payment."""
    await shop.account()
    checkout = await shop.start(shop.orders.place(shop.tenant_id))
    await shop.press(checkout)
    return checkout


async def test_a_webhook_is_sent_signed_and_once(isolated: Shop, front: Front) -> None:
    await press(isolated)

    await isolated.work()
    await isolated.work()

    (headers,) = front.seen
    assert headers["webhook-id"].startswith("msg_")
    assert headers["webhook-signature"].startswith("v1,")
    assert headers["content-type"] == "application/json"
    (delivery,) = await owed(isolated)
    assert (delivery.attempts, delivery.last_answer) == (1, "200")
    assert delivery.delivered_at is not None


async def test_a_failed_attempt_is_repeated_with_the_same_id_and_a_new_time(
    isolated: Shop, front: Front
) -> None:
    front.fails = 2
    checkout = await press(isolated)

    for wait in (0, LADDER[0] + 1, LADDER[1] + 1):
        isolated.context.clock.advance(seconds=wait)  # type: ignore[attr-defined]
        await isolated.work()

    assert len(front.seen) == 3
    assert len({headers["webhook-id"] for headers in front.seen}) == 1
    assert len({headers["webhook-timestamp"] for headers in front.seen}) == 3
    assert (await isolated.payment(checkout["payment_id"]))["status"] == "succeeded"


async def test_the_ladder_ends(isolated: Shop, front: Front) -> None:
    front.fails = 1000
    await press(isolated)

    for wait in (0, *LADDER, 86_400, 86_400):
        isolated.context.clock.advance(seconds=wait + 1)  # type: ignore[attr-defined]
        await isolated.work()

    (delivery,) = await owed(isolated)
    assert delivery.given_up_at is not None
    assert delivery.attempts == len(LADDER) + 1 == len(front.seen)


async def test_a_process_that_died_before_the_first_attempt_loses_nothing(
    isolated: Shop, front: Front
) -> None:
    checkout = await press(isolated)
    async with isolated.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(text("DELETE FROM payments.jobs"))

    isolated.context.clock.advance(seconds=LADDER[0] + 1)  # type: ignore[attr-defined]
    await isolated.work()

    assert (await isolated.payment(checkout["payment_id"]))["status"] == "succeeded"
    assert len(front.seen) == 1


async def test_a_first_attempt_that_waited_too_long_is_made_by_the_sweep_alone(
    isolated: Shop, front: Front
) -> None:
    await press(isolated)
    isolated.context.clock.advance(seconds=LADDER[0] + 1)  # type: ignore[attr-defined]
    async with isolated.context.unit_of_work(platform=True) as uow:
        await deliver_due(uow, {})

    await isolated.work()

    (delivery,) = await owed(isolated)
    assert (delivery.attempts, len(front.seen)) == (2, 1)


async def test_deciding_and_the_first_attempt_take_two_round_trips_each(isolated: Shop, front: Front) -> None:
    await isolated.account()
    checkout = await isolated.start(isolated.orders.place(isolated.tenant_id))
    with round_trips(isolated.context.engine) as deciding:
        await isolated.press(checkout)
    (delivery,) = await owed(isolated)
    front.fails = 1
    with round_trips(isolated.context.engine) as sending:
        async with isolated.context.unit_of_work(tenant_id=isolated.tenant_id) as uow:
            await deliver_one(uow, {"delivery_id": str(delivery.id)})

    # The page is locked; it is decided, the webhook owed and its job deferred in the commit.
    assert [len(statements) for statements in deciding.statements] == [1, 3]
    assert [len(statements) for statements in sending.statements] == [1, 1]
    (delivery,) = await owed(isolated)
    assert (delivery.attempts, delivery.last_answer, delivery.delivered_at) == (1, "503", None)


async def test_without_any_webhook_the_provider_is_asked(isolated: Shop, front: Front) -> None:
    front.fails = 1000
    checkout = await press(isolated)
    await isolated.work()
    assert (await isolated.payment(checkout["payment_id"]))["status"] == "pending"

    isolated.context.clock.advance(minutes=3)  # type: ignore[attr-defined]
    await JobRunner(isolated.context).run_due()

    assert (await isolated.payment(checkout["payment_id"]))["status"] == "succeeded"
    front.fails = 0
    isolated.context.clock.advance(hours=1)  # type: ignore[attr-defined]
    await isolated.work()
    assert len(await emitted(isolated.context, isolated.tenant_id, PaymentSucceeded)) == 1


async def test_nobody_at_the_address_is_an_answer_like_any_other(isolated: Shop) -> None:
    del isolated.context.resources[HTTP_RESOURCE]
    isolated.context.settings.webhook_base_url = "http://127.0.0.1:1"
    await press(isolated)

    await isolated.work()

    (delivery,) = await owed(isolated)
    assert (delivery.attempts, delivery.last_answer) == (1, "ConnectError")
    assert delivery.given_up_at is None
