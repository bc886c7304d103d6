"""The HTTP side of plans and features."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import Context, allow, internal, provide_platform, signed_in
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.plans.errors import PlanInUse, UnknownPlan
from services.identity.plans.schemas import (
    FeatureOut,
    OfferingOut,
    PlanCreate,
    PlanOut,
    PlanQuery,
    PlanReplace,
    PlanUpdate,
)
from services.identity.plans.service import PlanService, shown

router = APIRouter(tags=["plans"])
WRITE = allow("identity.plans.write")
CHANGED = problems(NotFound, PreconditionFailed, UnknownPlan)
Plans = Annotated[PlanService, Depends(provide_platform(PlanService), scope="function")]


@router.get("/plans", response_model=Page[PlanOut], dependencies=[signed_in()])
async def list_plans(query: Annotated[PlanQuery, Query()], plans: Plans, context: Context) -> Any:
    """List the plans that a business can choose, the least first; staff see the others too."""
    page = await plans.list(query)
    return {**page, "items": [shown(plan, context.settings) for plan in page["items"]]}


@router.post(
    "/plans",
    response_model=PlanOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(AlreadyExists, UnknownPlan),
)
async def create_plan(body: PlanCreate, plans: Plans, context: Context) -> Any:
    """Add a plan."""
    return shown(await plans.create(body), context.settings)


@router.get(
    "/plans/{plan_id}", response_model=PlanOut, dependencies=[signed_in()], responses=problems(NotFound)
)
async def get_plan(plan_id: UUID, plans: Plans, context: Context) -> Any:
    """Read one plan."""
    return shown(await plans.get(plan_id), context.settings)


@router.patch("/plans/{plan_id}", response_model=PlanOut, dependencies=[WRITE], responses=CHANGED)
async def update_plan(plan_id: UUID, body: PlanUpdate, plans: Plans, context: Context) -> Any:
    """Change some fields of a plan, for all businesses that have it, at once."""
    return shown(await plans.update(plan_id, body), context.settings)


@router.put("/plans/{plan_id}", response_model=PlanOut, dependencies=[WRITE], responses=CHANGED)
async def replace_plan(plan_id: UUID, body: PlanReplace, plans: Plans, context: Context) -> Any:
    """Replace all fields of a plan that can be changed."""
    return shown(await plans.update(plan_id, body), context.settings)


@router.delete(
    "/plans/{plan_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, PlanInUse, PreconditionFailed),
)
async def delete_plan(plan_id: UUID, plans: Plans) -> None:
    """Remove a plan that nobody has."""
    await plans.delete(plan_id)


@router.get("/features", response_model=Page[FeatureOut], dependencies=[signed_in()])
async def list_features(plans: Plans) -> Any:
    """List what plans can include, with the plans that do and whether the business acted in has it."""
    return {"items": await plans.features(), "next_cursor": None}


@router.get("/internal/plans", response_model=OfferingOut, dependencies=[internal()], include_in_schema=False)
async def list_offering(
    plans: Plans, feature: str | None = None, code: str | None = None, above: int = 0
) -> Any:
    """List the plans that would let a refused request through."""
    return {"plans": await plans.offering(feature=feature, code=code, above=above)}
