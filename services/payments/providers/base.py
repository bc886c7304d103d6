"""What every payment provider can do, in our words: the protocol, its values and its errors.

A client maps the vendor's fields and errors to these once; nothing else in the service knows a vendor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from libs.common.errors import AppError, Conflict, ValidationFailed
from libs.common.money import Money


class Status(StrEnum):
    """How far a payment or a refund has come."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Subject(StrEnum):
    """What a provider tells of."""

    PAYMENT = "payment"
    REFUND = "refund"
    OTHER = "other"


class ProviderUnavailable(AppError):
    """The payment provider did not answer; whether it acted is not known yet. The same call may be repeated."""

    status = 503
    slug = "payment-provider-unavailable"
    title = "The payment provider does not answer"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": "5"}, **extra)


class ProviderRefused(AppError):
    """The payment provider refused the call, for the reason in `detail`."""

    status = 502
    slug = "payment-provider-refused"
    title = "The payment provider refused"


class InvalidSignature(AppError):
    """The webhook is not signed with the secret of this account, was altered, or is too old."""

    status = 401
    slug = "invalid-signature"
    title = "The signature does not hold"


class InvalidCredentials(ValidationFailed):
    """The credentials are not those that this provider needs; `detail` names what is wrong."""

    slug = "invalid-credentials"
    title = "The credentials do not fit"


class ManualOnly(Conflict):
    """This provider moves no money by itself: a person confirms each payment and each refund."""

    slug = "manual-provider"
    title = "A person confirms this"


@dataclass(frozen=True, slots=True)
class Merchant:
    """The account at the provider on whose behalf a call is made."""

    tenant_id: UUID
    account_id: UUID
    currency: str
    credentials: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """A payment to be made by a buyer on the provider's page.

    `reference` is our payment's id: providers echo it in webhooks. `return_url` gets the outcome as query fields.
    """

    idempotency_key: str
    reference: UUID
    amount: Money
    description: str
    merchant_name: str
    return_url: str | None = None


@dataclass(frozen=True, slots=True)
class Checkout:
    """A payment opened at the provider. `instructions` tell the buyer what to do where there is no page."""

    id: str
    redirect_url: str | None
    instructions: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RefundState:
    """What the provider says of one refund."""

    id: str
    status: Status
    amount: Money | None = None
    reference: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """What the provider says of one checkout and its refunds."""

    status: Status
    payment_id: str | None = None
    amount: Money | None = None
    reason: str | None = None
    refunds: tuple[RefundState, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Money to give back of one payment; `reference` is our refund's id."""

    idempotency_key: str
    reference: UUID
    checkout_id: str
    payment_id: str | None
    amount: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook in our words. `message_id` names the delivery, `event_id` the fact, `object_id` the thing."""

    message_id: str
    event_id: str
    subject: Subject
    status: Status
    object_id: str | None = None
    checkout_id: str | None = None
    reference: UUID | None = None
    amount: Money | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The notice as JSON values."""
        return {
            "message_id": self.message_id,
            "event_id": self.event_id,
            "subject": self.subject.value,
            "status": self.status.value,
            "object_id": self.object_id,
            "checkout_id": self.checkout_id,
            "reference": str(self.reference) if self.reference else None,
            "amount": self.amount.model_dump() if self.amount else None,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Notice":
        """The inverse of `to_json`."""
        return cls(
            **{
                **raw,
                "subject": Subject(raw["subject"]),
                "status": Status(raw["status"]),
                "reference": UUID(raw["reference"]) if raw["reference"] else None,
                "amount": Money(**raw["amount"]) if raw["amount"] else None,
            }
        )


class PaymentProvider(Protocol):
    """A way to be paid.

    Attributes:
        name: as in `provider` of accounts and payments.
        is_online: whether the provider itself reports payments and moves refunds; otherwise a person does.
        currencies: the ISO 4217 codes it takes, or None for any.
    """

    name: str
    is_online: bool
    currencies: frozenset[str] | None

    def complete_credentials(self, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
        """The credentials to keep, from those given now and those kept before.

        Raises:
            InvalidCredentials: something is missing, unknown or malformed.
        """
        ...

    async def check(self, merchant: Merchant) -> str:
        """Ask the provider whether it knows the credentials, and return what it said.

        Raises:
            ProviderRefused, ProviderUnavailable: it does not, or does not answer.
        """
        ...

    async def create_checkout(self, merchant: Merchant, request: CheckoutRequest) -> Checkout:
        """Open a payment; a repeat with the same idempotency key gives the same one.

        Raises:
            ProviderRefused: it will not be opened. ProviderUnavailable: not known; repeat it.
        """
        ...

    async def fetch(self, merchant: Merchant, checkout_id: str) -> CheckoutState:
        """Read a checkout with its refunds.

        Raises:
            ProviderRefused, ProviderUnavailable: it cannot be read.
        """
        ...

    async def refund(self, merchant: Merchant, request: RefundRequest) -> RefundState:
        """Give money back; a repeat with the same idempotency key gives the same refund.

        Raises:
            ProviderRefused: it will not be given back. ProviderUnavailable: not known; read, then repeat.
        """
        ...

    def parse_webhook(
        self, merchant: Merchant, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Notice:
        """Check the signature and the time of a webhook, then read it. Header names are lower-case.

        Raises:
            InvalidSignature: it is not from the provider, or not for this account, or too old.
        """
        ...
