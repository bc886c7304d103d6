"""What payments keeps of businesses."""

from datetime import timedelta
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.identity import (
    ProvisioningRequested,
    RegistrationResubmitted,
    RegistrationSubmitted,
    TenantActivated,
    TenantReactivated,
    TenantSuspended,
)
from libs.contracts.provisioning import STEP_PROVISIONED
from libs.contracts.values import Business
from services.payments.merchants.repository import MerchantRepository


async def test_the_trading_name_is_confirmed_whenever_it_is_asked_for(
    context: ServiceContext, tenant_id: UUID
) -> None:
    about = {"company_id": tenant_id, "company_name": "Karoo", "owner_email": "owner@example.com"}
    activated = TenantActivated(owner_user_id=new_id(), currency="ZAR", provisioning_run=1, **about)
    asked = {"registration_id": new_id(), "run": 2, "product": "micro-sites", **about}

    for event in (
        activated,
        ProvisioningRequested(step="merchant_profile", **asked),
        ProvisioningRequested(step="default_store", **asked),
    ):
        assert set(await deliver(context, event, tenant_id)) == {Verdict.DONE}

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        merchant = await MerchantRepository(uow).get()
    assert merchant is not None
    assert (merchant.name, merchant.email) == ("Karoo", "owner@example.com")
    confirmed = await emitted(context, tenant_id, STEP_PROVISIONED["payments"])
    assert [e.data["run"] for e in confirmed] == [1, 2]


async def test_what_the_applicant_corrects_is_printed_on_invoices(
    context: ServiceContext, tenant_id: UUID
) -> None:
    about = {"registration_id": new_id(), "company_id": tenant_id, "company_name": "Karoo"}
    first = RegistrationSubmitted(
        business=Business(name="Karoo", registration_number="1", phone="+27215550100"),
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        owner_first_name="Thandi",
        owner_last_name="Nkosi",
        product="micro-sites",
        **about,
    )
    corrected = RegistrationResubmitted(business=Business(name="Karoo", registration_number="2"), **about)

    for event in (first, corrected):
        assert await deliver(context, event, OPERATOR_TENANT_ID) == [Verdict.DONE]

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        merchant = await MerchantRepository(uow).get()
    assert merchant is not None
    assert (merchant.registration_number, merchant.email) == ("2", "owner@example.com")


async def test_whether_a_business_may_trade_is_what_was_said_of_it_last(
    context: ServiceContext, tenant_id: UUID
) -> None:
    about = {"company_id": tenant_id, "company_name": "Karoo"}

    async def is_stopped() -> bool:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            merchant = await MerchantRepository(uow).get()
        assert merchant is not None
        return merchant.is_stopped

    now = context.clock.now()
    for event, minutes, stopped in (
        (TenantSuspended(**about), 2, True),
        (TenantReactivated(**about), 1, True),
        (TenantReactivated(**about), 3, False),
        (TenantSuspended(**about), 3, False),
        (TenantSuspended(**about), 4, True),
        (
            TenantActivated(owner_user_id=new_id(), owner_email="o@example.com", currency="ZAR", **about),
            5,
            False,
        ),
    ):
        told = envelope(event, tenant_id, time=now + timedelta(minutes=minutes))
        assert set(await deliver(context, told)) == {Verdict.DONE}
        assert await is_stopped() is stopped, (event, minutes)
