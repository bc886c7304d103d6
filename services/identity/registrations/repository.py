"""All SQL of registrations."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from services.identity.registrations.models import OPEN, WAITING_FOR, Registration, WaitingFor
from services.identity.registrations.provisioning.models import Step


class RegistrationRepository(Repository[Registration]):
    """Applications: all of them in the platform scope, else the tenant's own."""

    model = Registration

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The filters of the queue, with those that are no column by hand."""
        found = super().conditions(query)
        asked: Any = query
        if asked.assignee is not None:
            assigned = {
                "me": Registration.assignee_id == (self.uow.actor.user_id or _NOBODY),
                "none": and_(_IS_OPEN, Registration.assignee_id.is_(None)),
            }
            found.append(or_(*(assigned[whom] for whom in dict.fromkeys(asked.assignee))))
        if asked.overdue is not None:
            found.append(self._late() if asked.overdue else ~func.coalesce(self._late(), False))
        if asked.waiting_for is not None:
            waiting = [status for status, whom in WAITING_FOR.items() if whom in asked.waiting_for]
            found.append(
                or_(Registration.status.in_(waiting), Registration.status.not_in(OPEN))
                if WaitingFor.NOBODY in asked.waiting_for
                else Registration.status.in_(waiting)
            )
        if asked.provisioning is not None:
            unfinished = select(Step.tenant_id).where(Step.state.in_(asked.provisioning))
            found.append(Registration.tenant_id.in_(unfinished))
        return found

    def _late(self) -> ColumnElement[bool]:
        return and_(Registration.due_at < self.uow.now, _IS_OPEN)

    async def of_tenant(self, tenant_id: UUID) -> Registration | None:
        """The application of a business."""
        return await self.find(Registration.tenant_id == tenant_id)

    async def counts(self, user_id: UUID | None) -> dict[str, Any]:
        """How many there are by state, and of the open ones mine, nobody's and late."""
        statement = select(Registration.status, func.count()).group_by(Registration.status)
        by_status = {row[0]: row[1] for row in await self.session.execute(statement)}
        one = await self.session.execute(
            select(
                func.count(case((Registration.assignee_id == (user_id or _NOBODY), 1))),
                func.count(case((Registration.assignee_id.is_(None), 1))),
                func.count(case((Registration.due_at < self.uow.now, 1))),
            ).where(_IS_OPEN)
        )
        mine, unassigned, overdue = one.one()
        waiting = {str(whom): by_status.get(status, 0) for status, whom in WAITING_FOR.items()}
        return {
            "by_status": by_status,
            "waiting_for": waiting,
            "mine": mine,
            "unassigned": unassigned,
            "overdue": overdue,
        }


_IS_OPEN = Registration.status.in_(OPEN)
# Who is no person has nothing, and not what nobody has.
_NOBODY = UUID(int=0)
