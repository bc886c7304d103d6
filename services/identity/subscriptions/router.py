"""The HTTP side of subscriptions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.errors import InvalidTransition, TenantRequired
from libs.common.http.deps import allow, internal, provide_platform
from libs.common.http.problems import problems
from services.identity.plans.errors import UnknownPlan
from services.identity.subscriptions.schemas import ChangePlan, Payment, SubscriptionOut
from services.identity.subscriptions.service import SubscriptionService

router = APIRouter(tags=["plans"])
READ, WRITE = allow("identity.subscription.read"), allow("identity.subscription.write")
BILL = allow("identity.subscriptions.bill")
Subscriptions = Annotated[
    SubscriptionService, Depends(provide_platform(SubscriptionService), scope="function")
]


@router.get(
    "/subscription", response_model=SubscriptionOut, dependencies=[READ], responses=problems(TenantRequired)
)
async def get_subscription(subscriptions: Subscriptions) -> Any:
    """Read the plan of the business acted in, and what it may use."""
    return await subscriptions.show()


@router.post(
    "/subscription/change",
    response_model=SubscriptionOut,
    dependencies=[WRITE],
    responses=problems(TenantRequired, UnknownPlan, InvalidTransition),
)
async def change_subscription(body: ChangePlan, subscriptions: Subscriptions) -> Any:
    """Choose another plan. More takes effect at once, less at the end of the period, unless `when` says otherwise.

    A plan that can be tried begins with a trial, once. Nothing is removed where the new plan allows less than there
    is; no more can be added then. Where one ended without payment, none that costs something follows until it is paid.
    """
    return await subscriptions.change(body)


@router.post(
    "/subscription/payments",
    response_model=SubscriptionOut,
    dependencies=[BILL],
    responses=problems(TenantRequired, InvalidTransition),
)
async def record_subscription_payment(body: Payment, subscriptions: Subscriptions) -> Any:
    """Say whether the plan was paid for: a failure begins the grace, a payment ends it. For the platform's staff."""
    tenant_id = subscriptions.uow.tenant_id
    return await _pay(subscriptions, tenant_id, body)


@router.post(
    "/internal/subscriptions/{tenant_id}/payments",
    response_model=SubscriptionOut,
    dependencies=[internal()],
    include_in_schema=False,
)
async def record_payment(tenant_id: UUID, body: Payment, subscriptions: Subscriptions) -> Any:
    """Hear from who bills whether a plan was paid for; said again, it changes nothing."""
    return await _pay(subscriptions, tenant_id, body)


async def _pay(subscriptions: SubscriptionService, tenant_id: UUID, body: Payment) -> SubscriptionOut:
    if body.outcome == "failed":
        return await subscriptions.payment_failed(tenant_id)
    return await subscriptions.payment_received(tenant_id)
