"""The HTTP side of subscription plans."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import SUBSCRIPTIONS
from services.payments.deps import SubscriptionPlans
from services.payments.subscription_plans.schemas import (
    SubscriptionPlanCreate,
    SubscriptionPlanOut,
    SubscriptionPlanQuery,
    SubscriptionPlanUpdate,
)

router = APIRouter(prefix="/subscriptions/plans", tags=["subscriptions"])
READ = allow("payments.subscriptions.read")
WRITE = allow("payments.subscriptions.write", active=True, feature=SUBSCRIPTIONS)
_CHANGE = problems(NotFound, PreconditionFailed)


@router.get("", response_model=Page[SubscriptionPlanOut], dependencies=[READ])
async def list_subscription_plans(
    query: Annotated[SubscriptionPlanQuery, Query()], plans: SubscriptionPlans
) -> Any:
    """List the plans that subscriptions are sold by, newest first; a customer sees those that are active."""
    return await plans.list(query)


@router.post("", response_model=SubscriptionPlanOut, status_code=201, dependencies=[WRITE])
async def create_subscription_plan(body: SubscriptionPlanCreate, plans: SubscriptionPlans) -> Any:
    """Add a plan to sell subscriptions by."""
    return await plans.create(body)


@router.get(
    "/{subscription_plan_id}",
    response_model=SubscriptionPlanOut,
    dependencies=[READ],
    responses=problems(NotFound),
)
async def get_subscription_plan(subscription_plan_id: UUID, plans: SubscriptionPlans) -> Any:
    """Read one plan."""
    return await plans.get(subscription_plan_id)


@router.patch(
    "/{subscription_plan_id}", response_model=SubscriptionPlanOut, dependencies=[WRITE], responses=_CHANGE
)
async def update_subscription_plan(
    subscription_plan_id: UUID, body: SubscriptionPlanUpdate, plans: SubscriptionPlans
) -> Any:
    """Change some fields of a plan; subscriptions that began by it keep what they were sold for."""
    return await plans.update(subscription_plan_id, body)


@router.put(
    "/{subscription_plan_id}", response_model=SubscriptionPlanOut, dependencies=[WRITE], responses=_CHANGE
)
async def replace_subscription_plan(
    subscription_plan_id: UUID, body: SubscriptionPlanCreate, plans: SubscriptionPlans
) -> Any:
    """Replace all fields of a plan; subscriptions that began by it keep what they were sold for."""
    return await plans.update(subscription_plan_id, body)


@router.delete("/{subscription_plan_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_subscription_plan(subscription_plan_id: UUID, plans: SubscriptionPlans) -> None:
    """Remove a plan; subscriptions that began by it go on."""
    await plans.delete(subscription_plan_id)
