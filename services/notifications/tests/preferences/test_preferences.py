"""Preferences over HTTP, and what they do."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.notifications.announcements.kinds import KINDS
from services.notifications.tests.conftest import OpenContext
from services.notifications.tests.factories import (
    acting,
    activation,
    all_deliveries,
    join,
    mails,
    notices,
    pushes,
    register_device,
    run_jobs,
    take,
)

NIGHT = {"start": "22:00", "end": "07:00", "time_zone": "Africa/Johannesburg"}


async def test_everything_is_wanted_until_somebody_chooses(client: Client) -> None:
    settings = (await client.get("/fcm/settings")).json()

    assert set(settings["types"]) == {kind.name for kind in KINDS.values() if not kind.is_asked_for}
    assert all(wanted for channels in settings["types"].values() for wanted in channels.values())
    assert settings["quiet_hours"] is None


async def test_a_put_replaces_all_choices(client: Client) -> None:
    body = {"types": {"deal_update": {"push": False}}, "quiet_hours": NIGHT}
    first = await client.put("/fcm/settings", json=body)
    assert first.status_code == 200, first.text
    assert first.json()["types"]["deal_update"] == {"in_app": True, "push": False}
    assert first.json()["quiet_hours"] == NIGHT
    assert (await client.get("/fcm/settings")).json() == first.json()

    second = (await client.put("/fcm/settings", json={})).json()

    assert second["types"]["deal_update"]["push"] is True
    assert second["quiet_hours"] is None


async def test_choices_belong_to_one_user_in_one_business(
    client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    assert client.actor is not None
    await client.put("/fcm/settings", json={"quiet_hours": NIGHT})

    for other in (user(tenant_id), user(other_tenant_id, user_id=client.actor.user_id)):
        assert (await client.acting(other).get("/fcm/settings")).json()["quiet_hours"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"surprise": 1},
        {"types": {"surprise": {"push": False}}},
        {"types": {"order_placed": {"push": False}}},
        {"types": {"deal_update": {"pigeon": False}}},
        {"quiet_hours": {**NIGHT, "time_zone": "Mars/Olympus"}},
        {"quiet_hours": {**NIGHT, "time_zone": "../../etc/passwd"}},
        {"quiet_hours": {**NIGHT, "time_zone": ""}},
        {"quiet_hours": {**NIGHT, "time_zone": "a\x00b"}},
        {"quiet_hours": {**NIGHT, "end": "22:00"}},
        {"quiet_hours": {**NIGHT, "end": "25:00"}},
        {"quiet_hours": {**NIGHT, "end": "07:00+02:00"}},
        {"quiet_hours": {"start": "22:00"}},
    ],
)
async def test_bad_choices_are_refused(client: Client, body: dict) -> None:
    assert (await client.put("/fcm/settings", json=body)).status_code == 422


async def test_rights_are_demanded(client: Client, tenant_id: UUID) -> None:
    for method, held, lacked in (("GET", "write", "read"), ("PUT", "read", "write")):
        assert (
            await client.acting(guest(tenant_id)).request(method, "/fcm/settings", json={})
        ).status_code == 401
        someone = client.acting(user(tenant_id, f"notifications.settings.{held}"))
        refused = await someone.request(method, "/fcm/settings", json={})
        assert refused.json()["required_permission"] == f"notifications.settings.{lacked}"


async def test_what_is_turned_off_is_not_sent(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    owner = await join(context, tenant_id, "owner")
    me = acting(client, owner)
    token = await register_device(me)
    off = {"company_activated": {"in_app": False, "email": False, "push": False}}
    await me.put("/fcm/settings", json={"types": off})

    event = activation(tenant_id, owner_user_id=owner.user_id, owner_email=owner.email)
    await take(context, event, tenant_id)
    await run_jobs(context)

    assert await notices(me) == []
    assert await mails(client, owner.email) == []
    assert await pushes(client, token) == []
    assert {(d["channel"], d["status"], d["attempts"]) for d in await all_deliveries(me)} == {
        ("email", "suppressed", 0),
        ("push", "suppressed", 0),
    }


async def test_quiet_hours_hold_back_a_push_but_no_notice_and_no_mail(
    open_context: OpenContext, tenant_id: UUID
) -> None:
    # 23:00 in Johannesburg, in a future that other tests do not reach.
    clock = ManualClock(datetime.fromisoformat("2031-05-01T21:00:00+00:00"))
    context = await open_context(clock=clock)
    client = Client(context, user(tenant_id))
    owner = await join(context, tenant_id, "owner")
    me = acting(client, owner)
    token = await register_device(me)
    await me.put("/fcm/settings", json={"quiet_hours": NIGHT})

    event = activation(tenant_id, owner_user_id=owner.user_id, owner_email=owner.email)
    await take(context, event, tenant_id)
    await run_jobs(context)

    assert len(await notices(me)) == 1
    assert len(await mails(client, owner.email)) == 1
    assert await pushes(client, token) == []
    [push] = await all_deliveries(me, channel="push")
    assert (push["status"], push["attempts"]) == ("pending", 0)
    assert datetime.fromisoformat(push["due_at"]) == datetime.fromisoformat("2031-05-02T05:00:00+00:00")

    clock.advance(hours=7, minutes=59)
    await run_jobs(context)
    assert await pushes(client, token) == []
    clock.advance(seconds=timedelta(minutes=1).total_seconds())
    await run_jobs(context)
    assert len(await pushes(client, token)) == 1
