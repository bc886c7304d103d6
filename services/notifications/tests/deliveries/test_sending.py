"""How deliveries are sent: retried, given up, never twice."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select, text

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.notifications import DeliveryFailed
from services.notifications.channels.base import PermanentFailure, TemporaryFailure
from services.notifications.deliveries.jobs import rescue_deliveries
from services.notifications.deliveries.models import Delivery
from services.notifications.deliveries.repository import DeliveryRepository
from services.notifications.deliveries.sender import DeliveryTaken, Sender
from services.notifications.deliveries.service import DeliveryService, NewDelivery
from services.notifications.tests.conftest import OpenContext
from services.notifications.tests.factories import (
    acting,
    all_deliveries,
    join,
    mails,
    register_device,
    registration,
    run_jobs,
    take,
)
from services.notifications.tests.scripted import ScriptedChannel, script


@pytest.fixture
async def running(open_context: OpenContext) -> ServiceContext:
    """A service with a clock of its own, far ahead of what other tests defer."""
    year = 2040 + int.from_bytes(new_id().bytes[-2:]) % 5000
    return await open_context(clock=ManualClock(datetime(year, 1, 1, tzinfo=UTC)))


@pytest.fixture
def channel(running: ServiceContext) -> ScriptedChannel:
    """What mails and pushes go to."""
    return script(running)


def mail(to: str, **changes: object) -> NewDelivery:
    """A mail to be sent."""
    fields: dict[str, object] = {
        "channel": "email",
        "type": "order_placed",
        "recipient": to,
        "user_id": None,
        "subject": "Your order",
        "text": "Thank you",
        "html": None,
        "dedupe_key": str(new_id()),
    }
    return NewDelivery(**{**fields, **changes})  # type: ignore[arg-type]


async def start(context: ServiceContext, tenant_id: UUID, *new: NewDelivery) -> list[UUID]:
    """Record deliveries without running their jobs."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        return await DeliveryService(uow).start(new)


async def one(context: ServiceContext, tenant_id: UUID, recipient: str) -> dict:
    """The delivery to a recipient."""
    client = Client(context, user(tenant_id))
    [found] = await all_deliveries(client, recipient=recipient)
    return found


async def send(context: ServiceContext, tenant_id: UUID, *ids: UUID) -> None:
    """Try these deliveries, as their jobs do."""
    for delivery_id in ids:
        await send_at_once(context, tenant_id, delivery_id)


async def send_at_once(context: ServiceContext, tenant_id: UUID, *ids: UUID) -> None:
    """Try these deliveries in one job."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await Sender(uow).send(ids)


async def test_a_temporary_failure_is_tried_again_later(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID, email: str
) -> None:
    channel.plans[email] = [TemporaryFailure("busy"), TemporaryFailure("busy", retry_after=7200)]
    await start(running, tenant_id, mail(email))
    clock = running.clock
    assert isinstance(clock, ManualClock)

    await run_jobs(running)
    first = await one(running, tenant_id, email)
    assert (first["status"], first["attempts"], first["last_error"]) == ("pending", 1, "busy")

    clock.advance(seconds=31)
    await run_jobs(running)
    second = await one(running, tenant_id, email)
    assert (second["attempts"], second["status"]) == (2, "pending")
    assert (datetime.fromisoformat(second["due_at"]) - clock.now()).total_seconds() == pytest.approx(
        7200, abs=1
    )

    clock.advance(seconds=7201)
    await run_jobs(running)
    done = await one(running, tenant_id, email)
    assert (done["status"], done["attempts"], done["last_error"]) == ("sent", 3, None)
    assert done["provider_message_id"].startswith("scripted-")
    assert channel.taken_by(email) == 1


async def test_it_is_given_up_after_all_tries_and_that_is_told(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID, email: str
) -> None:
    channel.plans[email] = [TemporaryFailure("busy") for _ in range(20)]
    await start(running, tenant_id, mail(email))
    clock = running.clock
    assert isinstance(clock, ManualClock)

    for _ in range(8):
        await run_jobs(running)
        clock.advance(days=1)

    done = await one(running, tenant_id, email)
    assert (done["status"], done["attempts"]) == ("failed", 6)
    [event] = await emitted(running, tenant_id, DeliveryFailed)
    assert event.data == {
        "delivery_id": done["id"],
        "channel": "email",
        "recipient": email,
        "reason": "busy",
    }


async def test_a_permanent_failure_is_not_tried_again(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID, email: str
) -> None:
    channel.plans[email] = [PermanentFailure("550 5.1.1 user unknown", is_gone=True)]
    [delivery_id] = await start(running, tenant_id, mail(email))

    await send(running, tenant_id, delivery_id, delivery_id)

    done = await one(running, tenant_id, email)
    assert (done["status"], done["attempts"]) == ("failed", 1)
    assert len(await emitted(running, tenant_id, DeliveryFailed)) == 1
    assert channel.calls == 1


async def test_one_bad_recipient_does_not_make_the_others_get_it_again(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID
) -> None:
    addresses = [f"{new_id().hex}@example.com" for _ in range(4)]
    channel.plans[addresses[1]] = [PermanentFailure("unknown")]
    channel.plans[addresses[2]] = [RuntimeError("a bug"), TemporaryFailure("busy")]
    await start(running, tenant_id, *[mail(address) for address in addresses])
    clock = running.clock
    assert isinstance(clock, ManualClock)

    for _ in range(3):
        await run_jobs(running)
        clock.advance(hours=1)

    assert [channel.taken_by(address) for address in addresses] == [1, 0, 1, 1]
    states = [(await one(running, tenant_id, address))["status"] for address in addresses]
    assert states == ["sent", "failed", "sent", "sent"]


async def test_deliveries_of_one_job_are_sent_together_and_each_fares_by_itself(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID
) -> None:
    addresses = [f"{new_id().hex}@example.com" for _ in range(5)]
    channel.plans[addresses[1]] = [PermanentFailure("unknown")]
    channel.plans[addresses[2]] = [TemporaryFailure("busy")]
    ids = await start(running, tenant_id, *[mail(address) for address in addresses])
    # Another worker has one of them, and dies with it.
    async with running.unit_of_work(tenant_id=tenant_id) as uow:
        await DeliveryRepository(uow).claim(
            [
                (
                    await uow.session.scalars(select(Delivery.id).where(Delivery.recipient == addresses[3]))
                ).one()
            ],
            60,
        )
    # This is the run of their job.
    async with running.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            text("DELETE FROM notifications.jobs WHERE args->'delivery_ids' ? :id"), {"id": str(ids[0])}
        )
    await send_at_once(running, tenant_id, *ids)
    states = [(await one(running, tenant_id, address))["status"] for address in addresses]
    assert states == ["sent", "failed", "pending", "pending", "sent"]

    clock = running.clock
    assert isinstance(clock, ManualClock)
    clock.advance(minutes=2)
    await run_jobs(running)
    states = [(await one(running, tenant_id, address))["status"] for address in addresses]
    assert states == ["sent", "failed", "sent", "sent", "sent"]
    assert [channel.taken_by(address) for address in addresses] == [1, 0, 1, 1, 1]


async def test_two_workers_do_not_try_the_same_delivery_at_once(
    running: ServiceContext, tenant_id: UUID, email: str
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    class SlowChannel(ScriptedChannel):
        async def send(self, outgoing):
            entered.set()
            await leave.wait()
            return await super().send(outgoing)

    channel = script(running)
    slow = SlowChannel()
    running.resources["channels"].by_name["email"] = slow
    [delivery_id] = await start(running, tenant_id, mail(email))

    first = asyncio.create_task(send(running, tenant_id, delivery_id))
    await entered.wait()
    with pytest.raises(DeliveryTaken):
        await send(running, tenant_id, delivery_id)
    assert running.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    leave.set()
    await first
    await send(running, tenant_id, delivery_id)

    assert (slow.calls, channel.calls) == (1, 0)
    assert (await one(running, tenant_id, email))["attempts"] == 1


async def test_a_worker_that_died_is_followed_and_cannot_record_any_more(
    running: ServiceContext, tenant_id: UUID, email: str
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    class StuckChannel(ScriptedChannel):
        async def send(self, outgoing):
            entered.set()
            await leave.wait()
            raise PermanentFailure("too late to say so")

    channel = script(running)
    healthy = channel
    running.resources["channels"].by_name["email"] = StuckChannel()
    [delivery_id] = await start(running, tenant_id, mail(email))
    stuck = asyncio.create_task(send(running, tenant_id, delivery_id))
    await entered.wait()

    clock = running.clock
    assert isinstance(clock, ManualClock)
    clock.advance(minutes=2)
    running.resources["channels"].by_name["email"] = healthy
    await send(running, tenant_id, delivery_id)
    leave.set()
    await stuck

    done = await one(running, tenant_id, email)
    assert (done["status"], done["attempts"]) == ("sent", 2)
    assert await emitted(running, tenant_id, DeliveryFailed) == []


async def test_a_delivery_with_a_known_key_is_left_out(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID, other_tenant_id: UUID, email: str
) -> None:
    same = mail(email)
    assert len(await start(running, tenant_id, same)) == 1
    assert await start(running, tenant_id, same) == []
    assert len(await start(running, other_tenant_id, same)) == 1


async def test_a_delivery_without_a_job_is_found_and_sent(
    running: ServiceContext, channel: ScriptedChannel, tenant_id: UUID, email: str
) -> None:
    [delivery_id] = await start(running, tenant_id, mail(email))
    async with running.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            text("DELETE FROM notifications.jobs WHERE args->'delivery_ids' ? :id"), {"id": str(delivery_id)}
        )
    clock = running.clock
    assert isinstance(clock, ManualClock)
    clock.advance(hours=1)

    async with running.unit_of_work(platform=True) as uow:
        await rescue_deliveries(uow, {})
    await run_jobs(running)

    assert (await one(running, tenant_id, email))["status"] == "sent"


async def test_an_app_that_was_removed_is_forgotten_and_the_other_device_gets_the_push(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    from libs.common.actor import OPERATOR_TENANT_ID
    from services.notifications.tests.factories import pushes

    staff = await join(context, OPERATOR_TENANT_ID, "staff")
    me = acting(client, staff)
    good = await register_device(me)
    gone = await register_device(me, f"gone-{new_id().hex}")
    other = await register_device(me, f"mismatch-{new_id().hex}")
    event = registration()

    await take(context, event, event.company_id)
    await run_jobs(context)

    assert len(await pushes(client, good)) == 1
    for token in (gone, other):
        assert (await me.delete(f"/fcm/register/{token}")).status_code == 404
        [delivery] = await all_deliveries(me, recipient=token)
        assert (delivery["status"], delivery["attempts"]) == ("failed", 1)
        assert delivery["recipient"] == f"…{token[-6:]}"
    assert (await me.delete(f"/fcm/register/{good}")).status_code == 204


async def test_without_an_smtp_server_a_mail_is_kept_once_even_if_sent_twice(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    from services.notifications.tests.channels.provider_suite import outgoing

    message = outgoing(email, tenant_id)
    channel = context.resources["channels"].by_name["email"]
    assert await channel.send(message) == await channel.send(message)
    assert len(await mails(client, email)) == 1
