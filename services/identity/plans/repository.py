"""All SQL of plans."""

import contextlib
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.repository import Repository
from services.identity.plans.models import Plan
from services.identity.subscriptions.models import Subscription


class PlanRepository(Repository[Plan]):
    """The plans of the platform; in the platform scope, for they are kept with the operator."""

    model = Plan

    def select(self) -> Select[Any]:
        """The plans that can be seen: who is no staff sees those that anybody can choose."""
        statement = select(Plan).where(Plan.tenant_id == OPERATOR_TENANT_ID, Plan.deleted_at.is_(None))
        return statement if self.sees_all else statement.where(Plan.is_public)

    @property
    def sees_all(self) -> bool:
        """Whether the caller manages plans."""
        return self.uow.actor.may("identity.plans.write")

    async def by_code(self, code: str) -> Plan | None:
        """The plan of a code, whoever asks."""
        statement = select(Plan).where(
            Plan.tenant_id == OPERATOR_TENANT_ID, Plan.code == code, Plan.deleted_at.is_(None)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def chosen(self, name: str) -> Plan | None:
        """The plan that a code or an id names, of those that the caller can see; it stays until the transaction ends."""
        condition = Plan.code == name
        with contextlib.suppress(ValueError):
            condition = or_(condition, Plan.id == UUID(name))
        statement = self.select().where(condition).with_for_update(read=True, key_share=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def offered(self) -> list[Plan]:
        """The plans that anybody can choose, the least first."""
        statement = select(Plan).where(
            Plan.tenant_id == OPERATOR_TENANT_ID, Plan.deleted_at.is_(None), Plan.is_public
        )
        ordered = statement.order_by(Plan.rank, Plan.price_amount, Plan.code)
        return list((await self.session.execute(ordered)).scalars())

    async def is_used(self, code: str) -> bool:
        """Whether a business has the plan or waits for it, or another plan falls back to it."""
        subscribed = select(Subscription.id).where(
            or_(Subscription.plan == code, Subscription.next_plan == code)
        )
        followed = select(Plan.id).where(
            Plan.tenant_id == OPERATOR_TENANT_ID, Plan.fallback == code, Plan.deleted_at.is_(None)
        )
        for statement in (subscribed, followed):
            if await self.session.scalar(statement.limit(1)) is not None:
                return True
        return False
