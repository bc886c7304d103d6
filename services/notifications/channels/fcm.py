"""Pushes over FCM HTTP v1 (firebase.google.com/docs/reference/fcm/rest/v1/projects.messages)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from libs.common.clock import Clock
from libs.common.http.breaker import CircuitBreaker
from services.notifications.channels.base import Outgoing, PermanentFailure, TemporaryFailure
from services.notifications.channels.fcm_token import AccessTokens

TRIES = 5
# Longer waits are left to the next try of the delivery.
LONGEST_WAIT = 10.0
QUOTA_WAIT = 60.0
# FCM takes 4096 bytes; a notification's text is cut well below that.
_TITLE, _BODY = 200, 1000
_GONE = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})


class FcmChannel:
    """Sends one push per call, repeating what failed on FCM's side; a breaker spares it while it is down."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        tokens: AccessTokens,
        clock: Clock,
        *,
        base_url: str,
        retry_seconds: float = 0.5,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._retry_seconds = retry_seconds
        self._sleep = sleep
        self._breaker = CircuitBreaker(threshold=5, cooldown=30)

    async def send(self, outgoing: Outgoing) -> str:
        """Send one push and return its name, `projects/<project>/messages/<id>`."""
        if not self._breaker.allows(self._now()):
            raise TemporaryFailure("FCM has been failing; not called", retry_after=self._breaker.cooldown)
        url = f"{self._base_url}/v1/projects/{await self._tokens.project_id()}/messages:send"
        token = await self._tokens.get()
        renewed = False
        for attempt in range(1, TRIES + 1):
            try:
                response = await self._client.post(
                    url, json=push_body(outgoing), headers={"Authorization": f"Bearer {token}"}
                )
            except httpx.HTTPError as error:
                failure = TemporaryFailure(f"FCM did not answer: {type(error).__name__}")
            else:
                status, code, reason = _read(response)
                if response.status_code == 200:
                    self._breaker.succeeded()
                    return str(response.json()["name"])
                if response.status_code == 401 and code != "THIRD_PARTY_AUTH_ERROR" and not renewed:
                    renewed, token = True, await self._tokens.get(stale=token)
                    continue
                if response.status_code not in (500, 502, 503, 504):
                    self._breaker.succeeded()
                    raise _refusal(response, status, code, reason)
                failure = TemporaryFailure(reason, retry_after=_retry_after(response))
            if attempt == TRIES or (failure.retry_after or 0) > LONGEST_WAIT:
                break
            await self._sleep(failure.retry_after or self._wait(attempt))
        self._breaker.failed(self._now())
        raise failure

    def _wait(self, attempt: int) -> float:
        ceiling = min(LONGEST_WAIT, self._retry_seconds * 2 ** (attempt - 1))
        return ceiling / 2 + random.uniform(0, ceiling / 2)  # noqa: S311 - spreads load, keeps no secret

    def _now(self) -> float:
        return self._clock.now().timestamp()


def push_body(outgoing: Outgoing) -> dict[str, Any]:
    """The request body of a push to one device."""
    return {
        "message": {
            "token": outgoing.recipient,
            "notification": {"title": outgoing.subject[:_TITLE], "body": outgoing.text[:_BODY]},
            "data": {**outgoing.data, "delivery_id": str(outgoing.delivery_id)},
            "android": {"priority": "high"},
            # A repeat of the same delivery replaces the first on the screen.
            "apns": {"headers": {"apns-collapse-id": str(outgoing.delivery_id)}},
        }
    }


def _read(response: httpx.Response) -> tuple[str, str, str]:
    """Status, FCM's error code and a reason, from an error body or from one that is none."""
    try:
        error = response.json()["error"]
        details = [d for d in error.get("details", []) if isinstance(d, dict)]
        code = next((str(d["errorCode"]) for d in details if "errorCode" in d), "")
        status, message = str(error.get("status", "")), str(error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        status, code, message = "", "", ""
    reason = f"{response.status_code} {code or status} {message}".strip()
    return status, code, reason[:500]


def _refusal(response: httpx.Response, status: str, code: str, reason: str) -> Exception:
    if response.status_code == 429:
        return TemporaryFailure(reason, retry_after=max(QUOTA_WAIT, _retry_after(response) or 0))
    if response.status_code == 401:
        # Our credentials for FCM or for Apple are broken: an operator can mend them.
        return TemporaryFailure(reason)
    is_gone = code in _GONE or (
        response.status_code == 400 and status == "INVALID_ARGUMENT" and "registration token" in reason
    )
    return PermanentFailure(reason, is_gone=is_gone)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
