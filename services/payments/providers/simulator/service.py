"""The rules of the simulator: checkouts are decided once, refunds stay within what was paid, each fact is owed a webhook."""

import hashlib
import secrets
import string
from typing import Any
from uuid import UUID

import orjson

from libs.common.db.direct import unsaved
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.ids import new_id
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.providers.simulator.deliveries import DeliveryRepository
from services.payments.providers.simulator.models import SandboxCheckout, SandboxRefund
from services.payments.providers.simulator.repository import SandboxCheckoutRepository
from services.payments.providers.simulator.schedule import DELIVER

OUTCOMES = {"success": "succeeded", "failure": "failed", "cancel": "cancelled"}
_REASONS = {
    "failed": "The bank declined the payment.",
    "cancelled": "The buyer cancelled the payment.",
}
_ALPHABET = string.ascii_letters + string.digits


class Refusal(Exception):
    """The simulator refuses a call: an HTTP status and a description."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.description = description


def _code(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))


class SimulatorService:
    """The simulator over one transaction, which it owns: nothing of the platform's side is in it."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.checkouts = SandboxCheckoutRepository(uow)

    async def open(self, account: PaymentAccount, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Open a checkout, or answer with the one that this idempotency key has opened."""
        amount = body.get("amount")
        if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
            raise Refusal(400, "amount must be a positive integer")
        if body.get("currency") != account.currency:
            raise Refusal(400, f"this account takes {account.currency} only")
        request_hash = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()
        checkout = await self.checkouts.open(
            tenant_id=account.tenant_id,
            id=new_id(),
            account_id=account.id,
            code=_code("ch_"),
            status="created",
            refunded_minor=0,
            idempotency_key=key,
            request_hash=request_hash,
            reference=str(body.get("reference", "")),
            amount_minor=amount,
            currency=account.currency,
            description=str(body.get("description", "")),
            merchant_name=str(body.get("merchant_name", "")),
            return_url=body.get("return_url"),
            payment_code=None,
            reason=None,
        )
        if checkout.request_hash != request_hash:
            raise Refusal(422, "this idempotency key was used for another request")
        return self.shown(checkout, [])

    async def read(self, account_id: UUID, code: str) -> dict[str, Any]:
        """A checkout of this account with its refunds."""
        checkout, refunds = await self.checkouts.of_account(account_id, code)
        if checkout is None:
            raise Refusal(404, "there is no such checkout")
        return self.shown(checkout, refunds)

    async def refund(self, account_id: UUID, code: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Give back a part of a paid checkout, never more than is left of it."""
        checkout, refund = await self.checkouts.lock_for_refund(account_id, code, key)
        if checkout is None:
            raise Refusal(404, "there is no such checkout")
        if refund is not None:
            if refund.amount_minor != body.get("amount"):
                raise Refusal(422, "this idempotency key was used for another request")
            return self._refund(checkout, refund)
        amount = body.get("amount")
        if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
            raise Refusal(400, "amount must be a positive integer")
        if checkout.status != "succeeded":
            raise Refusal(400, "nothing was paid")
        if checkout.refunded_minor + amount > checkout.amount_minor:
            raise Refusal(400, "more than is left of the payment")
        checkout.refunded_minor += amount
        refund = unsaved(
            SandboxRefund,
            tenant_id=checkout.tenant_id,
            id=new_id(),
            checkout_id=checkout.id,
            code=_code("rfd_"),
            idempotency_key=key,
            reference=str(body.get("reference", "")),
            status="succeeded",
            amount_minor=amount,
            currency=checkout.currency,
            reason=None,
        )
        self.checkouts.write(checkout)
        self.checkouts.add_refund(refund)
        shown = self._refund(checkout, refund)
        self._owe(checkout, "refund.succeeded", shown)
        return shown

    async def show(self, code: str) -> SandboxCheckout:
        """The checkout with this public name, to be looked at only.

        Raises:
            NotFound: there is none.
        """
        return _known(await self.checkouts.show(code))

    async def decide(self, code: str, outcome: str) -> SandboxCheckout:
        """Pay, fail or cancel a checkout, in its tenant from here on; one that is decided stays as it is.

        Raises:
            NotFound: there is none with this public name.
        """
        checkout = _known(await self.checkouts.lock(code))
        await self.uow.enter_tenant(checkout.tenant_id)
        if checkout.status == "created":
            checkout.status = OUTCOMES[outcome]
            checkout.payment_code = _code("p_") if checkout.status == "succeeded" else None
            checkout.reason = _REASONS.get(checkout.status)
            self.checkouts.write(checkout)
            self._owe(checkout, f"payment.{checkout.status}", self.shown(checkout, []))
        return checkout

    def shown(self, checkout: SandboxCheckout, refunds: list[SandboxRefund]) -> dict[str, Any]:
        """A checkout as the interface shows it."""
        base = self.uow.context.common.public_url.rstrip("/")
        return {
            "id": checkout.code,
            "checkout_id": checkout.code,
            "status": checkout.status,
            "redirect_url": f"{base}/api/v1/sandbox/pay/{checkout.code}",
            "payment_id": checkout.payment_code,
            "amount": checkout.amount_minor,
            "currency": checkout.currency,
            "reference": checkout.reference,
            "reason": checkout.reason,
            "refunds": [self._refund(checkout, refund) for refund in refunds],
        }

    @staticmethod
    def _refund(checkout: SandboxCheckout, refund: SandboxRefund) -> dict[str, Any]:
        return {
            "id": refund.code,
            "checkout_id": checkout.code,
            "payment_id": checkout.payment_code,
            "status": refund.status,
            "amount": refund.amount_minor,
            "currency": refund.currency,
            "reference": refund.reference,
            "reason": refund.reason,
        }

    def _owe(self, checkout: SandboxCheckout, kind: str, data: dict[str, Any]) -> None:
        delivery_id = new_id()
        event = {"id": f"evt_{delivery_id.hex}", "type": kind, "created_at": self.uow.now, "data": data}
        DeliveryRepository(self.uow).add(
            tenant_id=checkout.tenant_id,
            id=delivery_id,
            account_id=checkout.account_id,
            message_id=f"msg_{delivery_id.hex}",
            body=orjson.dumps(event),
        )
        self.uow.defer(DELIVER, key=str(delivery_id), delivery_id=str(delivery_id))


def _known(checkout: SandboxCheckout | None) -> SandboxCheckout:
    if checkout is None:
        raise NotFound("There is no such payment page.", resource="checkout")
    return checkout
