"""All SQL of recipients."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, hydrated
from libs.common.db.unit_of_work import UnitOfWork
from services.notifications.recipients.models import Recipient

_STAFF_AND = Direct(
    select(Recipient)
    .where(
        Recipient.tenant_id == bindparam("tenant_id", type_=Uuid),
        or_(
            and_(Recipient.is_staff, Recipient.active.is_(True)),
            Recipient.user_id == any_(bindparam("user_ids", type_=ARRAY(Uuid))),
        ),
    )
    .order_by(Recipient.user_id)
)


class RecipientRepository:
    """Recipients of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def apply(self, values: dict[str, Any]) -> None:
        """Write what an event says, unless a later one was applied already."""
        statement = insert(Recipient).values(tenant_id=self.uow.tenant_id, **values)
        changes = {name: statement.excluded[name] for name in values if name != "user_id"}
        await self.uow.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "user_id"],
                set_=changes,
                where=Recipient.changed_at <= statement.excluded.changed_at,
            )
        )

    async def staff(self) -> list[Recipient]:
        """The active staff of the tenant."""
        statement = (
            select(Recipient)
            .where(Recipient.tenant_id == self.uow.tenant_id, Recipient.is_staff, Recipient.active.is_(True))
            .order_by(Recipient.user_id)
        )
        return list((await self.uow.session.execute(statement)).scalars())

    async def staff_and(self, user_ids: Iterable[UUID]) -> list[Recipient]:
        """The active staff of the tenant, and the recipients with these ids, inactive ones too; to be read only."""
        rows = await _STAFF_AND.all(self.uow, tenant_id=self.uow.tenant_id, user_ids=list(user_ids))
        return hydrated(Recipient, rows)

    async def by_ids(self, user_ids: Iterable[UUID]) -> dict[UUID, Recipient]:
        """The recipients with these ids, inactive ones too."""
        statement = select(Recipient).where(
            Recipient.tenant_id == self.uow.tenant_id, Recipient.user_id.in_(list(user_ids))
        )
        return {row.user_id: row for row in (await self.uow.session.execute(statement)).scalars()}
