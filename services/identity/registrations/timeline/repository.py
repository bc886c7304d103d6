"""All SQL of timelines."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.outbox import actor_label
from services.identity.registrations.models import Registration
from services.identity.registrations.timeline.models import TimelineEntry

_MESSAGES = 50


class Timeline:
    """Writes what happens to applications."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    def add(
        self,
        registration: Registration,
        kind: str,
        *,
        message: str | None = None,
        is_public: bool = False,
        data: dict[str, Any] | None = None,
        actor: str | None = None,
        on_behalf_of_id: UUID | None = None,
    ) -> None:
        """Note something; it is written with the next flush. `actor` is who did it, where it is not the caller."""
        self.uow.session.add(
            TimelineEntry(
                tenant_id=registration.tenant_id,
                id=new_id(),
                created_at=self.uow.now,
                updated_at=self.uow.now,
                registration_id=registration.id,
                kind=kind,
                actor=actor or actor_label(self.uow.actor),
                on_behalf_of_id=on_behalf_of_id,
                is_public=is_public,
                message=message,
                data=data or {},
            )
        )


class TimelineRepository(Repository[TimelineEntry]):
    """The timeline of one application, whole or as its applicant sees it."""

    model = TimelineEntry

    def __init__(self, uow: UnitOfWork, registration: Registration, *, is_public: bool) -> None:
        super().__init__(uow)
        self.registration = registration
        self.is_public = is_public

    def select(self) -> Select[Any]:
        """What shows of it."""
        statement = (
            super()
            .select()
            .where(
                TimelineEntry.tenant_id == self.registration.tenant_id,
                TimelineEntry.registration_id == self.registration.id,
            )
        )
        return statement.where(TimelineEntry.is_public) if self.is_public else statement

    async def messages(self) -> list[TimelineEntry]:
        """The newest public entries, oldest first."""
        newest = (
            self.select().order_by(TimelineEntry.created_at.desc(), TimelineEntry.id.desc()).limit(_MESSAGES)
        )
        return list((await self.session.execute(newest)).scalars())[::-1]
