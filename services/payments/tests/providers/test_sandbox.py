"""The sandbox provider and its simulator keep the contract of every provider."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.wires import Answer, NotReached
from services.payments.payment_accounts.credentials import merchant_of
from services.payments.payment_accounts.models import PaymentAccount
from services.payments.providers.base import (
    Checkout,
    InvalidSignature,
    Merchant,
    ProviderRefused,
    ProviderUnavailable,
)
from services.payments.providers.registry import provider_of
from services.payments.providers.sandbox import SandboxProvider
from services.payments.providers.simulator.models import SandboxDelivery
from services.payments.providers.simulator.service import SimulatorService
from services.payments.providers.standard_webhooks import signed_headers
from services.payments.tests.providers.provider_suite import Buyer, ProviderSuite, request
from services.payments.tests.shop import Shop


@dataclass
class Person:
    """Presses the simulator's buttons, and reads what it owes."""

    context: ServiceContext
    tenant_id: UUID

    async def press(self, checkout: Checkout, outcome: str) -> None:
        """Press a button."""
        async with self.context.unit_of_work(tenant_id=self.tenant_id) as uow:
            await SimulatorService(uow).decide(checkout.id, outcome)

    async def webhooks(self, merchant: Merchant) -> list[tuple[dict[str, str], bytes]]:
        """The webhooks as they are sent."""
        async with self.context.unit_of_work(tenant_id=self.tenant_id) as uow:
            rows = (await uow.session.scalars(select(SandboxDelivery).order_by(SandboxDelivery.id))).all()
        secret, now = merchant.credentials["webhook_secret"], self.context.clock.now()
        return [(signed_headers(secret, row.message_id, now, row.body), row.body) for row in rows]


class TestSandbox(ProviderSuite):
    @pytest.fixture
    def provider(self, context: ServiceContext) -> SandboxProvider:
        found = provider_of(context, "sandbox")
        assert isinstance(found, SandboxProvider)
        return found

    @pytest.fixture
    async def merchant(self, shop: Shop) -> Merchant:
        account = await shop.account()
        async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
            row = await uow.session.get(PaymentAccount, (shop.tenant_id, UUID(account["id"])))
        assert row is not None
        return merchant_of(shop.context.keyring, row)

    @pytest.fixture
    def buyer(self, context: ServiceContext, tenant_id: UUID) -> Buyer:
        return Person(context, tenant_id)

    async def test_a_checkout_is_of_its_account_alone(
        self, provider: SandboxProvider, merchant: Merchant, shop: Shop
    ) -> None:
        other = await shop.account(currency="USD")
        async with shop.context.unit_of_work(tenant_id=shop.tenant_id) as uow:
            row = await uow.session.get(PaymentAccount, (shop.tenant_id, UUID(other["id"])))
        assert row is not None
        checkout = await provider.create_checkout(merchant, request())

        with pytest.raises(ProviderRefused):
            await provider.fetch(merchant_of(shop.context.keyring, row), checkout.id)


class Answering:
    """A way to another side that always answers so, or breaks."""

    def __init__(self, answer: Answer | Exception) -> None:
        self.answer = answer

    async def send(self, *_: Any) -> Answer:
        """See `Wire`."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        """See `Wire`."""


def answering(status: int, content: bytes = b"{}") -> SandboxProvider:
    """A client whose other side always answers so."""
    return SandboxProvider(lambda: Answering(Answer(status, content)))


MERCHANT = Merchant(
    tenant_id=new_id(),
    account_id=new_id(),
    currency="ZAR",
    credentials={"secret_key": "sk_test_1", "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_a_provider_in_trouble_may_have_acted(status: int) -> None:
    provider = answering(status)
    with pytest.raises(ProviderUnavailable):
        await provider.create_checkout(MERCHANT, request())
    await provider.close()


async def test_an_unreadable_answer_may_have_been_an_act() -> None:
    provider = answering(200, b"<html>")
    with pytest.raises(ProviderUnavailable):
        await provider.create_checkout(MERCHANT, request())
    await provider.close()


@pytest.mark.parametrize("error", [TimeoutError(), NotReached()])
async def test_a_broken_connection_may_have_been_an_act(error: Exception) -> None:
    provider = SandboxProvider(lambda: Answering(error))
    with pytest.raises(ProviderUnavailable):
        await provider.create_checkout(MERCHANT, request())
    await provider.close()


async def test_a_signed_webhook_that_is_no_event_is_refused(context: ServiceContext) -> None:
    provider, now = answering(200), context.clock.now()
    for body in (b"null", b"{}", b"not json", b'{"id":"e","type":"payment.succeeded","data":{}}', b"\xff"):
        headers = signed_headers(MERCHANT.credentials["webhook_secret"], "msg_1", now, body)
        with pytest.raises(InvalidSignature):
            provider.parse_webhook(MERCHANT, headers, body, now)
    await provider.close()
