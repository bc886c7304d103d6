"""The FCM client against the simulator, over the wire protocol."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from jose import jwt

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from services.notifications.channels.base import PermanentFailure, TemporaryFailure
from services.notifications.channels.fcm import FcmChannel
from services.notifications.channels.fcm_simulator import (
    AUDIENCE,
    BASE_URL,
    EMAIL,
    GRANT,
    PROJECT,
    FcmSimulator,
)
from services.notifications.channels.fcm_token import AccessTokens
from services.notifications.tests.channels.provider_suite import ChannelSuite, outgoing


@dataclass
class Setup:
    """A client, the simulator it talks to, what that recorded and how long the client slept."""

    channel: FcmChannel
    simulator: FcmSimulator
    client: httpx.AsyncClient
    clock: ManualClock
    recorded: list[dict[str, Any]]
    slept: list[float] = field(default_factory=list)


async def make(**changes: Any) -> AsyncIterator[Setup]:
    """A setup of its own."""
    clock, recorded, slept = ManualClock(), [], []

    async def record(message: dict[str, Any]) -> None:
        recorded.append(message)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    simulator = FcmSimulator(clock, record)
    transport = changes.get("transport") or httpx.ASGITransport(simulator.app)
    async with httpx.AsyncClient(transport=transport) as client:
        tokens = AccessTokens(changes.get("account") or simulator.account(), client)
        channel = FcmChannel(client, tokens, clock, base_url=BASE_URL, sleep=sleep)
        yield Setup(channel, simulator, client, clock, recorded, slept)


@pytest.fixture
async def fcm() -> AsyncIterator[Setup]:
    """A client and its simulator."""
    async for setup in make():
        yield setup


class TestFcmChannel(ChannelSuite):
    """FCM as a channel."""

    @pytest.fixture
    def channel(self, fcm: Setup) -> FcmChannel:
        """The channel."""
        return fcm.channel

    @pytest.fixture
    def good(self) -> str:
        """A device."""
        return f"ok-{new_id()}"

    @pytest.fixture
    def gone(self) -> str:
        """An app that was removed."""
        return f"gone-{new_id()}"


async def test_the_message_has_the_form_of_http_v1(fcm: Setup) -> None:
    message = outgoing("ok", data={"type": "deal_update"})

    name = await fcm.channel.send(message)

    assert name.startswith(f"projects/{PROJECT}/messages/")
    [sent] = fcm.recorded
    assert sent["token"] == "ok"
    assert sent["notification"] == {"title": "Заказ 1001", "body": "Thank you\nfor your order"}
    assert sent["data"] == {"type": "deal_update", "delivery_id": str(message.delivery_id)}


@pytest.mark.parametrize(("token", "error", "hits", "is_gone"), [
    ("gone", PermanentFailure, 1, True),
    ("mismatch", PermanentFailure, 1, True),
    ("invalid", PermanentFailure, 1, True),
    ("quota", TemporaryFailure, 1, None),
    ("busy", TemporaryFailure, 5, None),
])  # fmt: skip
async def test_each_outcome_is_told_apart(
    fcm: Setup, token: str, error: type[Exception], hits: int, is_gone: bool | None
) -> None:
    with pytest.raises(error) as failure:
        await fcm.channel.send(outgoing(token))

    assert fcm.simulator.hits == hits
    assert getattr(failure.value, "is_gone", None) is is_gone


async def test_what_fails_twice_is_repeated_with_growing_waits(fcm: Setup) -> None:
    assert await fcm.channel.send(outgoing("flap"))

    assert fcm.simulator.hits == 3
    assert len(fcm.recorded) == 1
    first, second = fcm.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0


async def test_a_quota_is_waited_for_at_least_a_minute(fcm: Setup) -> None:
    with pytest.raises(TemporaryFailure) as failure:
        await fcm.channel.send(outgoing("quota"))
    assert failure.value.retry_after == 60
    assert fcm.slept == []


async def test_several_in_a_row_do_not_touch_each_other(fcm: Setup) -> None:
    results = []
    for token in ("ok-1", "gone", "ok-2"):
        try:
            results.append(bool(await fcm.channel.send(outgoing(token))))
        except PermanentFailure:
            results.append(False)
    assert results == [True, False, True]
    assert [m["token"] for m in fcm.recorded] == ["ok-1", "ok-2"]


async def test_an_access_token_is_used_until_it_is_refused(fcm: Setup) -> None:
    calls: list[str] = []

    async def note(request: httpx.Request) -> None:
        calls.append(request.url.path)

    fcm.client.event_hooks = {"request": [note]}
    await fcm.channel.send(outgoing("ok"))
    await fcm.channel.send(outgoing("ok"))
    assert calls.count("/token") == 1

    fcm.simulator.expire_tokens()
    assert await fcm.channel.send(outgoing("ok"))
    assert calls.count("/token") == 2


async def test_a_breaker_spares_a_provider_that_is_down(fcm: Setup) -> None:
    for _ in range(5):
        with pytest.raises(TemporaryFailure):
            await fcm.channel.send(outgoing("busy"))
    hits = fcm.simulator.hits

    with pytest.raises(TemporaryFailure) as failure:
        await fcm.channel.send(outgoing("ok"))
    assert fcm.simulator.hits == hits
    assert failure.value.retry_after == 30

    fcm.clock.advance(seconds=31)
    assert await fcm.channel.send(outgoing("ok"))


async def test_retry_after_is_honoured() -> None:
    async for setup in make(transport=_answers(503, headers={"Retry-After": "3"})):
        with pytest.raises(TemporaryFailure) as failure:
            await setup.channel.send(outgoing("ok"))
        assert setup.slept == [3.0] * 4
        assert failure.value.retry_after == 3
    async for setup in make(transport=_answers(503, headers={"Retry-After": "600"})):
        with pytest.raises(TemporaryFailure) as failure:
            await setup.channel.send(outgoing("ok"))
        assert setup.slept == []
        assert failure.value.retry_after == 600


async def test_a_provider_that_hangs_or_talks_nonsense_is_a_temporary_failure() -> None:
    def hang(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return _token()
        raise httpx.ReadTimeout("slow", request=request)

    async for setup in make(transport=httpx.MockTransport(hang)):
        with pytest.raises(TemporaryFailure):
            await setup.channel.send(outgoing("ok"))
        assert len(setup.slept) == 4
    async for setup in make(transport=_answers(502, text="<html>")):
        with pytest.raises(TemporaryFailure):
            await setup.channel.send(outgoing("ok"))


async def test_broken_credentials_are_a_temporary_failure_that_names_them() -> None:
    stranger = FcmSimulator(ManualClock(), record=None)  # type: ignore[arg-type]
    for account in (stranger.account(), "/nowhere/firebase.json", "{}"):
        async for setup in make(account=account):
            with pytest.raises(TemporaryFailure) as failure:
                await setup.channel.send(outgoing("ok"))
            assert "FCM" in str(failure.value)
            assert setup.simulator.hits == 0


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "https://elsewhere.example"},
        {"iss": "someone@else.example"},
        {"exp_after": 7200},
        {"scope": "https://www.googleapis.com/auth/drive"},
        {"key": "stranger"},
    ],
)
async def test_the_simulator_refuses_an_assertion_that_google_would_refuse(fcm: Setup, change: dict) -> None:
    from cryptography.hazmat.primitives import serialization

    signer = FcmSimulator(fcm.clock, record=None) if "key" in change else fcm.simulator  # type: ignore[arg-type]
    pem = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    now = int(fcm.clock.now().timestamp())
    claims = {
        "iss": change.get("iss", EMAIL),
        "aud": change.get("aud", AUDIENCE),
        "scope": change.get("scope", "https://www.googleapis.com/auth/firebase.messaging"),
        "iat": now,
        "exp": now + change.get("exp_after", 3600),
    }
    form = {"grant_type": GRANT, "assertion": jwt.encode(claims, pem, algorithm="RS256")}

    assert (await fcm.client.post(f"{BASE_URL}/token", data=form)).status_code == 400


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"token": "a", "topic": "b"},
        {"token": "a", "data": {"n": 1}},
        {"token": "a", "data": {"x": "y" * 5000}},
    ],
)
async def test_the_simulator_refuses_what_fcm_refuses(fcm: Setup, message: dict) -> None:
    await fcm.channel.send(outgoing("ok"))
    token = next(iter(fcm.simulator._tokens))
    url = f"{BASE_URL}/v1/projects/{PROJECT}/messages:send"

    refused = await fcm.client.post(
        url, json={"message": message}, headers={"Authorization": f"Bearer {token}"}
    )
    anonymous = await fcm.client.post(url, json={"message": {"token": "a"}})

    assert refused.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert anonymous.json()["error"]["status"] == "UNAUTHENTICATED"


def _token() -> httpx.Response:
    return httpx.Response(200, json={"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})


def _answers(status: int, **parts: Any) -> httpx.MockTransport:
    """A provider that gives tokens and answers every push alike."""
    return httpx.MockTransport(
        lambda request: _token() if request.url.path == "/token" else httpx.Response(status, **parts)
    )
