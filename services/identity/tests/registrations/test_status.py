"""Following an application by its link."""

import asyncio
import base64
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.actor import system_actor
from libs.common.clock import SystemClock
from libs.common.errors import RateLimited
from libs.common.ids import new_id
from libs.common.testing.events import emitted
from libs.contracts.identity import StatusLinkRenewed
from services.identity.registrations.status.stream import OpenStreams, stream_status
from services.identity.registrations.status.tokens import StatusLinks
from services.identity.settings import IdentitySettings
from services.identity.tests.registrations.conftest import Desk

NOW = SystemClock().now()


async def reveal(desk: Desk, made: Any, email: str | None = None) -> Any:
    """Ask for the link of an application as notifications do while the mail leaves."""
    notifications = desk.chief.acting(system_actor("notifications"))
    path = f"/internal/registrations/{made.registration_id}/reveal"
    return await notifications.post(path, json={"email": email or made.email})


async def link(desk: Desk, made: Any) -> str:
    """The token of an application, as it is mailed."""
    url: str = (await reveal(desk, made)).json()["url"]
    return url.rpartition("/")[2]


async def follow(desk: Desk, token: str) -> Any:
    """What the link shows."""
    return await desk.platform.anyone.get(f"/registrations/status/{token}")


async def test_the_answer_to_the_registration_and_the_mail_have_the_same_link(desk: Desk) -> None:
    body = {
        "email": desk.platform.email(),
        "password": "correct horse battery",
        "first_name": "T",
        "last_name": "N",
        "business": {"name": "Karoo"},
        "product": desk.product,
    }
    answer = (await desk.platform.post("/auth/register", body)).json()["registration"]
    made = SimpleNamespace(registration_id=UUID(answer["id"]), email=body["email"])

    assert answer["status_link"].endswith(f"/api/v1/registrations/status/{await link(desk, made)}")


async def test_a_link_shows_status_what_is_missing_and_messages_and_nothing_else(desk: Desk) -> None:
    await desk.require("certificate", "document", label="Certificate", description="Of incorporation")
    await desk.require("number", "check", rule={"check": "registration_number"})
    made = await desk.apply(business={"name": "Secret Coffee", "country": "ZA", "phone": "+27215550199"})
    token = await link(desk, made)
    await desk.step(desk.reviewer(), made, "assign")
    first = await follow(desk, token)
    await desk.step(
        desk.reviewer(),
        made,
        "request-changes",
        {"reason": "The number, please", "fields": ["registration_number"]},
    )
    second = await follow(desk, token)

    assert first.status_code == 200, first.text
    assert set(first.json()) == {
        "status",
        "waiting_for",
        "submitted_at",
        "updated_at",
        "due_at",
        "missing",
        "messages",
    }
    assert [m["code"] for m in first.json()["missing"]] == ["certificate"]
    assert [m["kind"] for m in first.json()["messages"]] == ["submitted"]
    assert (second.json()["status"], second.json()["waiting_for"]) == ("changes_requested", "applicant")
    assert [m["code"] for m in second.json()["missing"]] == ["certificate", "registration_number"]
    assert second.json()["messages"][-1]["text"] == "The number, please"
    for secret in ("Secret Coffee", made.email, "+27215550199", str(made.company_id), str(made.user_id)):
        assert secret not in second.text


async def test_a_link_ends_when_it_expires_is_replaced_or_taken_back(future_desk: Desk) -> None:
    desk = future_desk
    made, other = await desk.apply(), await desk.apply()
    old, path = await link(desk, made), f"/registrations/{made.registration_id}/status-link"
    owner = await desk.platform.signed_in(made.email)

    renewed = await owner.post(path)
    new = renewed.json()["status_link"].rpartition("/")[2]
    assert [(await follow(desk, t)).status_code for t in (old, new)] == [404, 200]
    [told] = await emitted(desk.context, made.company_id, StatusLinkRenewed)
    assert new not in orjson.dumps(told.data).decode()
    assert (await owner.delete(path)).status_code == 204
    assert [(await follow(desk, new)).status_code, (await reveal(desk, made)).status_code] == [404, 404]
    by_staff = await desk.reviewer().post(path)
    assert (await follow(desk, by_staff.json()["status_link"].rpartition("/")[2])).status_code == 200
    assert (await desk.reviewer("identity.registrations.read").post(path)).status_code == 403
    assert (await desk.platform.anyone.post(path)).status_code == 401

    theirs = await link(desk, other)
    desk.context.clock.advance(days=desk.context.settings.status_link_days, seconds=1)
    gone = await follow(desk, theirs)
    assert (gone.status_code, gone.json()["slug"]) == (404, "not-found")
    assert (await reveal(desk, other)).status_code == 404


async def test_a_link_is_named_to_services_for_the_mail_to_its_owner_only(desk: Desk) -> None:
    made, other = await desk.apply(), await desk.apply()
    path = f"/internal/registrations/{made.registration_id}/reveal"

    assert (await reveal(desk, made, f" {made.email.upper()}")).status_code == 200
    assert (await reveal(desk, made, other.email)).status_code == 404
    for who in (desk.platform.anyone, desk.chief, await desk.platform.signed_in(made.email)):
        assert (await who.post(path, json={"email": made.email})).status_code in (401, 403, 404)


async def test_a_link_opens_nothing_else(desk: Desk) -> None:
    made = await desk.apply()
    token = await link(desk, made)

    for method, tail in (("POST", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/resubmit")):
        answer = await desk.platform.anyone.request(method, f"/registrations/status/{token}{tail}")
        assert answer.status_code in (401, 404, 405), (method, tail)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 45), st.integers(1, 255))
def test_no_other_token_is_read(noise: bytes, at: int, flip: int) -> None:
    codec = StatusLinks("a secret", accepted=["the one before"])
    good = codec.token(new_id(), 1, NOW.replace(year=NOW.year + 1))
    raw = bytearray(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))
    raw[at] ^= flip
    bent = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")

    assert codec.read(good, NOW) is not None
    for bad in (
        bent,
        base64.urlsafe_b64encode(noise).decode(),
        good[:-1],
        good + "A",
        good + "=",
        "",
        "é",
        "%",
    ):
        assert codec.read(bad, NOW) is None, bad
    old = StatusLinks("the one before").token(new_id(), 1, NOW.replace(year=NOW.year + 1))
    assert codec.read(old, NOW) is not None
    assert StatusLinks("another").read(good, NOW) is None
    assert codec.read(codec.token(new_id(), 1, NOW), NOW) is None


async def next_event(events: Any) -> tuple[str, Any, str | None]:
    """The next event that is no comment: its name, data and id."""
    async with asyncio.timeout(20):
        async for chunk in events:
            if not chunk.startswith(b":"):
                fields = dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines())
                return fields["event"], orjson.loads(fields["data"]), fields.get("id")
    raise AssertionError("the stream has ended")


async def test_a_stream_shows_the_status_at_once_and_each_change(
    desk: Desk, make_context: Any, identity_settings: IdentitySettings
) -> None:
    quick = {"status_stream_poll_seconds": 0.05, "status_stream_heartbeat_seconds": 0.1}
    fast = identity_settings.model_copy(update=quick)
    context = await make_context(desk.context.service, settings=fast)
    made = await desk.apply()
    token = await link(desk, made)
    streams = OpenStreams(per_link=1, in_all=9)
    events = stream_status(context, streams.take(token), token)

    name, status, first = await next_event(events)
    assert (name, status["status"]) == ("status", "submitted")
    with pytest.raises(RateLimited):
        streams.take(token)
    await desk.step(desk.reviewer(), made, "reject", {"reason": "no"})
    name, status, second = await next_event(events)
    assert (name, status["status"], status["messages"][-1]["text"]) == ("status", "rejected", "no")
    # Who comes back with the last event sees the next one, and with another the present one at once.
    many = OpenStreams(per_link=2, in_all=9)
    for seen in (first, "nonsense"):
        assert (await next_event(stream_status(context, many.take(token), token, seen)))[2] == second
    back = stream_status(context, many.take(token), token, second)
    assert await anext(back) == b": keep-alive\n\n"
    await desk.reviewer().delete(f"/registrations/{made.registration_id}/status-link")
    for stream in (events, back):
        assert (await next_event(stream))[0] == "gone"
        assert [chunk async for chunk in stream] == []
    streams.take(token)


async def test_a_stream_ends_with_its_time_and_with_the_process(
    desk: Desk, make_context: Any, identity_settings: IdentitySettings
) -> None:
    made = await desk.apply()
    token = await link(desk, made)
    quick = {"status_stream_poll_seconds": 0.05, "status_stream_heartbeat_seconds": 0.1}
    streams = OpenStreams(per_link=1, in_all=1)
    idle = await make_context(
        desk.context.service,
        settings=identity_settings.model_copy(update=quick | {"status_stream_seconds": 60}),
    )
    events = stream_status(idle, streams.take(token), token)
    assert b"event: status" in await anext(events)
    assert await anext(events) == b": keep-alive\n\n"
    await events.aclose()
    # A place that nobody ever read from is free again, too.
    stream_status(idle, streams.take(token), token)
    short = await make_context(
        desk.context.service,
        settings=identity_settings.model_copy(update=quick | {"status_stream_seconds": 0.2}),
    )
    chunks = [chunk async for chunk in stream_status(short, streams.take(token), token)]
    assert set(chunks[1:]) <= {b": keep-alive\n\n"}

    stopping = await make_context(desk.context.service, settings=identity_settings)
    events = stream_status(stopping, streams.take(token), token)
    await next_event(events)
    stopping.stopping.set()
    assert [chunk async for chunk in events] == []


async def test_a_stream_over_http_needs_a_good_link(desk: Desk) -> None:
    desk.context.resources["status_streams"] = OpenStreams(per_link=1, in_all=1)

    for _ in range(2):
        refused = await desk.platform.anyone.get(f"/registrations/status/{'A' * 62}/stream")
        assert (refused.status_code, refused.json()["slug"]) == (404, "not-found")
