"""What `/metrics` says of subscriptions."""

from prometheus_client import REGISTRY

from libs.common.testing.events import deliver
from libs.contracts.identity import TenantReactivated, TenantSuspended
from services.payments.subscriptions.figures import measure_billing
from services.payments.subscriptions.jobs import sweep
from services.payments.tests.subscriptions.sold import Seller


async def late(seller: Seller) -> float | None:
    """How many subscriptions are billed late."""
    async with seller.context.unit_of_work(platform=True) as uow:
        await measure_billing(uow)
    return REGISTRY.get_sample_value("pillars_subscriptions_late")


async def test_what_should_have_been_billed_is_a_figure(seller: Seller) -> None:
    about = {"company_id": seller.shop.tenant_id, "company_name": "Karoo"}
    await seller.sell()
    assert measure_billing in seller.context.service.measures
    seller.clock.advance(days=28, minutes=5)
    assert await late(seller) == 0
    seller.clock.advance(minutes=15)
    assert await late(seller) == 1

    # Found, and in the hands of a job that does not come to its end.
    async with seller.context.unit_of_work(platform=True) as uow:
        await sweep(uow, {})
    assert await late(seller) == 1

    await deliver(seller.context, TenantSuspended(**about), seller.shop.tenant_id)
    assert await late(seller) == 0
    await deliver(seller.context, TenantReactivated(**about), seller.shop.tenant_id)
    assert await late(seller) == 1
    await seller.work()
    assert await late(seller) == 0
