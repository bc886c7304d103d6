"""The client of the sandbox provider: pretend money, with the manners of a real provider.

It speaks HTTP to the simulator, which this service carries itself, so the wire leads to the simulator's app.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from libs.common.money import Money
from libs.common.runtime.wires import NotReached, Wire
from services.payments.providers.base import (
    Checkout,
    CheckoutRequest,
    CheckoutState,
    InvalidCredentials,
    InvalidSignature,
    Merchant,
    Notice,
    ProviderRefused,
    ProviderUnavailable,
    RefundRequest,
    RefundState,
    Status,
    Subject,
)
from services.payments.providers.standard_webhooks import new_secret, verify

_SECONDS = 15
_STATUSES = {
    "created": Status.PENDING,
    "pending": Status.PENDING,
    "succeeded": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "cancelled": Status.CANCELLED,
}


class SandboxProvider:
    """Calls the simulator; `open_wire` opens the way to it, at the first call."""

    name = "sandbox"
    is_online = True
    currencies: frozenset[str] | None = None

    def __init__(self, open_wire: Callable[[], Wire]) -> None:
        self._open_wire = open_wire
        self._wire: Wire | None = None

    async def close(self) -> None:
        """Release the connections."""
        if self._wire is not None:
            await self._wire.close()

    def complete_credentials(self, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """Make the key and the webhook secret; none are taken from outside."""
        if given:
            raise InvalidCredentials("A sandbox account makes its own credentials.")
        return dict(known) or {
            "secret_key": f"sk_test_{secrets.token_urlsafe(24)}",
            "webhook_secret": new_secret(),
        }

    async def check(self, merchant: Merchant) -> str:
        """Ask the simulator who we are."""
        answer = await self._call(merchant, "GET", "/v1/merchant")
        return f"The sandbox knows this account; mode {answer['mode']}."

    async def create_checkout(self, merchant: Merchant, request: CheckoutRequest) -> Checkout:
        """Open a checkout."""
        answer = await self._call(
            merchant,
            "POST",
            "/v1/checkouts",
            key=request.idempotency_key,
            json={
                "amount": request.amount.amount,
                "currency": request.amount.currency,
                "description": request.description,
                "merchant_name": request.merchant_name,
                "return_url": request.return_url,
                "reference": str(request.reference),
            },
        )
        return Checkout(id=answer["id"], redirect_url=answer["redirect_url"])

    async def fetch(self, merchant: Merchant, checkout_id: str) -> CheckoutState:
        """Read a checkout with its refunds."""
        answer = await self._call(merchant, "GET", f"/v1/checkouts/{checkout_id}")
        return CheckoutState(
            status=_status(answer),
            payment_id=answer["payment_id"],
            amount=_amount(answer),
            reason=answer["reason"],
            refunds=tuple(_refund(item) for item in answer["refunds"]),
        )

    async def refund(self, merchant: Merchant, request: RefundRequest) -> RefundState:
        """Give money back."""
        answer = await self._call(
            merchant,
            "POST",
            f"/v1/checkouts/{request.checkout_id}/refunds",
            key=request.idempotency_key,
            json={"amount": request.amount.amount, "reference": str(request.reference)},
        )
        return _refund(answer)

    def parse_webhook(
        self, merchant: Merchant, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notice:
        """Check and read a webhook: `{"id", "type", "created_at", "data"}`."""
        message_id = verify(merchant.credentials["webhook_secret"], headers, body, now)
        try:
            event = orjson.loads(body)
            subject, _, fact = event["type"].partition(".")
            data = event["data"]
            return Notice(
                message_id=message_id,
                event_id=event["id"],
                subject=Subject(subject) if subject in ("payment", "refund") else Subject.OTHER,
                status=_STATUSES.get(fact, Status.PENDING),
                object_id=data["payment_id"] if subject == "payment" else data["id"],
                checkout_id=data["checkout_id"],
                reference=UUID(data["reference"]),
                amount=_amount(data),
                reason=data["reason"],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            # Signed by the provider and yet not in its form: nothing of it can be relied on.
            raise InvalidSignature("The webhook is not in the provider's form.") from None

    async def _call(
        self, merchant: Merchant, method: str, path: str, *, json: Any = None, key: str | None = None
    ) -> dict[str, Any]:
        if self._wire is None:
            self._wire = self._open_wire()
        headers = {
            "authorization": f"Bearer {merchant.credentials['secret_key']}",
            "x-account": str(merchant.account_id),
        }
        if key:
            headers["idempotency-key"] = key
        body = None
        if json is not None:
            body = orjson.dumps(json)
            headers["content-type"] = "application/json"
        try:
            response = await self._wire.send(method, path, None, headers, body, _SECONDS)
        except (TimeoutError, NotReached) as error:
            raise ProviderUnavailable(f"The sandbox did not answer: {type(error).__name__}.") from error
        if response.status_code >= 500 or response.status_code in (408, 409, 429):
            raise ProviderUnavailable(f"The sandbox answered {response.status_code}.")
        try:
            answer: dict[str, Any] = response.json()
        except ValueError as error:
            raise ProviderUnavailable("The sandbox answered with something unreadable.") from error
        if response.status_code >= 400:
            raise ProviderRefused(str(answer.get("description") or "The sandbox refused."))
        return answer


def same_key(offered: str, known: str) -> bool:
    """Whether two secret keys are equal, compared in constant time."""
    return hmac.compare_digest(offered.encode("utf-8", "replace"), known.encode())


def _status(raw: Mapping[str, Any]) -> Status:
    return _STATUSES.get(raw["status"], Status.PENDING)


def _amount(raw: Mapping[str, Any]) -> Money:
    return Money(amount=raw["amount"], currency=raw["currency"])


def _refund(raw: Mapping[str, Any]) -> RefundState:
    return RefundState(
        id=raw["id"],
        status=_status(raw),
        amount=_amount(raw),
        reference=UUID(raw["reference"]),
        reason=raw["reason"],
    )
