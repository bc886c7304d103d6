"""What every online payment provider must do: the same tests for each client and its simulator.

A test class inherits the suite and brings three fixtures: `provider` (the client), `merchant` (an account that the
other side knows) and `buyer` (presses the buttons of the payment page, and hands over the webhooks it caused).
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import pytest

from libs.common.ids import new_id
from libs.common.money import Money
from services.payments.providers.base import (
    Checkout,
    CheckoutRequest,
    InvalidSignature,
    Merchant,
    PaymentProvider,
    ProviderRefused,
    RefundRequest,
    Status,
    Subject,
)
from services.payments.providers.standard_webhooks import new_secret

AMOUNT = Money(amount=45_000, currency="ZAR")


class Buyer(Protocol):
    """The person at the payment page."""

    async def press(self, checkout: Checkout, outcome: str) -> None:
        """Press `success`, `failure` or `cancel`."""
        ...

    async def webhooks(self, merchant: Merchant) -> list[tuple[dict[str, str], bytes]]:
        """The webhooks sent so far, oldest first: headers and raw body."""
        ...


def request(**changes: object) -> CheckoutRequest:
    """A checkout nobody else asks for."""
    reference = new_id()
    made = CheckoutRequest(
        idempotency_key=str(reference),
        reference=reference,
        amount=AMOUNT,
        description="Order A-1",
        merchant_name="Karoo Coffee",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def refund_of(checkout: Checkout, payment_id: str | None, amount: int) -> RefundRequest:
    """A refund nobody else asks for."""
    reference = new_id()
    return RefundRequest(
        idempotency_key=str(reference),
        reference=reference,
        checkout_id=checkout.id,
        payment_id=payment_id,
        amount=Money(amount=amount, currency="ZAR"),
    )


class ProviderSuite:
    """The contract of `PaymentProvider`."""

    async def test_the_credentials_are_known(self, provider: PaymentProvider, merchant: Merchant) -> None:
        assert await provider.check(merchant)

    async def test_wrong_credentials_are_refused(self, provider: PaymentProvider, merchant: Merchant) -> None:
        stranger = replace(merchant, credentials={**merchant.credentials, "secret_key": "sk_test_wrong"})

        with pytest.raises(ProviderRefused):
            await provider.check(stranger)
        with pytest.raises(ProviderRefused):
            await provider.create_checkout(stranger, request())

    async def test_a_new_checkout_waits_for_the_buyer(
        self, provider: PaymentProvider, merchant: Merchant
    ) -> None:
        checkout = await provider.create_checkout(merchant, request())

        assert checkout.redirect_url
        assert (await provider.fetch(merchant, checkout.id)).status is Status.PENDING

    async def test_a_repeat_gives_the_same_checkout(
        self, provider: PaymentProvider, merchant: Merchant
    ) -> None:
        asked = request()

        first = await provider.create_checkout(merchant, asked)

        assert await provider.create_checkout(merchant, asked) == first
        with pytest.raises(ProviderRefused):
            await provider.create_checkout(merchant, replace(asked, amount=AMOUNT * 2))

    async def test_nothing_and_less_cannot_be_asked_for(
        self, provider: PaymentProvider, merchant: Merchant
    ) -> None:
        for amount in (0, -100):
            with pytest.raises(ProviderRefused):
                await provider.create_checkout(merchant, request(amount=Money(amount=amount, currency="ZAR")))

    @pytest.mark.parametrize(
        ("outcome", "status"),
        [("success", Status.SUCCEEDED), ("failure", Status.FAILED), ("cancel", Status.CANCELLED)],
    )
    async def test_the_buyers_choice_is_told_and_can_be_asked_for(
        self, provider: PaymentProvider, merchant: Merchant, buyer: Buyer, outcome: str, status: Status
    ) -> None:
        asked = request()
        checkout = await provider.create_checkout(merchant, asked)

        await buyer.press(checkout, outcome)

        state = await provider.fetch(merchant, checkout.id)
        assert (state.status, state.amount) == (status, AMOUNT)
        ((headers, body),) = await buyer.webhooks(merchant)
        notice = provider.parse_webhook(merchant, headers, body, datetime.now(UTC))
        assert (notice.subject, notice.status, notice.amount) == (Subject.PAYMENT, status, AMOUNT)
        assert (notice.reference, notice.checkout_id) == (asked.reference, checkout.id)
        assert notice.object_id == state.payment_id

    async def test_a_payment_is_given_back_in_parts_and_never_beyond(
        self, provider: PaymentProvider, merchant: Merchant, buyer: Buyer
    ) -> None:
        checkout = await provider.create_checkout(merchant, request())
        await buyer.press(checkout, "success")
        payment_id = (await provider.fetch(merchant, checkout.id)).payment_id
        part = refund_of(checkout, payment_id, 15_000)

        given = await provider.refund(merchant, part)

        assert (await provider.refund(merchant, part)).id == given.id
        with pytest.raises(ProviderRefused):
            await provider.refund(merchant, refund_of(checkout, payment_id, 30_001))
        rest = await provider.refund(merchant, refund_of(checkout, payment_id, 30_000))
        state = await provider.fetch(merchant, checkout.id)
        assert [(r.id, r.amount and r.amount.amount) for r in state.refunds] == [
            (given.id, 15_000),
            (rest.id, 30_000),
        ]
        _, (headers, body), _ = await buyer.webhooks(merchant)
        notice = provider.parse_webhook(merchant, headers, body, datetime.now(UTC))
        assert (notice.subject, notice.status) == (Subject.REFUND, Status.SUCCEEDED)
        assert (notice.reference, notice.object_id) == (part.reference, given.id)

    async def test_what_was_not_paid_is_not_given_back(
        self, provider: PaymentProvider, merchant: Merchant
    ) -> None:
        checkout = await provider.create_checkout(merchant, request())

        with pytest.raises(ProviderRefused):
            await provider.refund(merchant, refund_of(checkout, None, 100))

    async def test_an_unknown_checkout_is_refused(
        self, provider: PaymentProvider, merchant: Merchant
    ) -> None:
        with pytest.raises(ProviderRefused):
            await provider.fetch(merchant, "ch_unknown")

    async def test_a_webhook_of_another_secret_or_another_time_is_refused(
        self, provider: PaymentProvider, merchant: Merchant, buyer: Buyer
    ) -> None:
        checkout = await provider.create_checkout(merchant, request())
        await buyer.press(checkout, "success")
        ((headers, body),) = await buyer.webhooks(merchant)
        other = replace(merchant, credentials={**merchant.credentials, "webhook_secret": new_secret()})
        now = datetime.now(UTC)

        for who, sent, when in (
            (other, body, now),
            (merchant, body + b" ", now),
            (merchant, body, now.replace(year=now.year + 1)),
        ):
            with pytest.raises(InvalidSignature):
                provider.parse_webhook(who, headers, sent, when)
