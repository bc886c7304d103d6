"""The places that a plan has for those who work in a business; customers of its shop take none."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.limits import keep_limit
from services.identity.plans.catalogue import Code
from services.identity.roles.catalogue import CLIENT
from services.identity.subscriptions.service import SubscriptionService
from services.identity.usage.repository import count_members, count_seats


def works(roles: Collection[str]) -> bool:
    """Whether who holds these roles works in the business."""
    return bool(set(roles) - {CLIENT})


async def keep_seat(uow: UnitOfWork, roles: Collection[str], held: Collection[str] = ()) -> None:
    """Let somebody with the roles held so far take others.

    Raises:
        PlanLimitReached: he did not work here, and the plan allows no more who do.
    """
    if works(roles) and not works(held):
        await keep_limit(uow, Code.MEMBERS, count_members)


async def keep_seat_to_offer(uow: UnitOfWork, roles: Collection[str]) -> None:
    """Let somebody be invited into roles; who was invited before has a place already.

    Raises:
        PlanLimitReached: the plan allows no more.
    """
    if works(roles):
        await keep_limit(uow, Code.MEMBERS, count_seats)


async def keep_seat_elsewhere(uow: UnitOfWork, tenant_id: UUID, roles: Collection[str]) -> None:
    """Let somebody join a business that the caller does not act in; in the platform scope.

    Raises:
        PlanLimitReached: its plan allows no more who work there.
    """
    if not works(roles):
        return
    actor = uow.actor
    uow.actor = actor.in_tenant(tenant_id)
    plan = await SubscriptionService(uow).show()
    uow.actor = replace(uow.actor, limits=plan.limits, plan=plan.plan)
    await keep_limit(uow, Code.MEMBERS, count_members)
    uow.actor = actor
