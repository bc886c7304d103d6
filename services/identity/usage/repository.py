"""All SQL of usage."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.identity.api_keys.repository import ApiKeyRepository
from services.identity.domains.repository import DomainRepository
from services.identity.invitations.repository import InvitationRepository
from services.identity.members.models import MemberRole
from services.identity.roles.catalogue import CLIENT
from services.identity.usage.models import UsageClaim, UsageCounter


class UsageRepository(Repository[UsageCounter]):
    """The counters of one business."""

    model = UsageCounter

    async def of_month(self, month_on: date) -> list[UsageCounter]:
        """The counters of a month."""
        return await self.find_all(UsageCounter.month_on == month_on)

    async def counter(self, code: str, month_on: date) -> UsageCounter:
        """The counter of a code in a month, FOR UPDATE; made where there is none yet."""
        now, tenant_id = self.uow.now, self.uow.tenant_id
        made = insert(UsageCounter).values(
            tenant_id=tenant_id,
            id=new_id(),
            code=code,
            month_on=month_on,
            used=0,
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self.session.execute(made.on_conflict_do_nothing())
        found = await self.find(UsageCounter.code == code, UsageCounter.month_on == month_on, lock=True)
        assert found is not None
        return found

    async def claim(self, key: UUID) -> UsageClaim | None:
        """What was counted under a key."""
        statement = select(UsageClaim).where(UsageClaim.tenant_id == self.uow.tenant_id, UsageClaim.id == key)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def take_back(self, key: UUID) -> None:
        """Count no more what was counted under a key, if anything was."""
        gone = (
            delete(UsageClaim)
            .where(UsageClaim.tenant_id == self.uow.tenant_id, UsageClaim.id == key)
            .returning(UsageClaim.counter_id, UsageClaim.quantity)
        )
        for counter_id, quantity in (await self.session.execute(gone)).all():
            statement = update(UsageCounter).where(
                UsageCounter.tenant_id == self.uow.tenant_id, UsageCounter.id == counter_id
            )
            await self.session.execute(
                statement.values(used=UsageCounter.used - quantity).execution_options(
                    synchronize_session=False
                )
            )


async def remove_claims(session: Any, before: date, limit: int) -> None:
    """Forget the keys of months that are over; in the platform scope."""
    old = (
        select(UsageClaim.tenant_id, UsageClaim.id)
        .where(UsageClaim.month_on < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .subquery()
    )
    await session.execute(
        delete(UsageClaim).where(UsageClaim.tenant_id == old.c.tenant_id, UsageClaim.id == old.c.id)
    )


async def count_members(uow: Any, most: int) -> int:
    """How many people work in the business: customers of its shop do not count."""
    # Two ranges of the index by role; "unlike" would read all customers.
    working = select(MemberRole.member_id).where(
        MemberRole.tenant_id == uow.tenant_id, or_(MemberRole.role < CLIENT, MemberRole.role > CLIENT)
    )
    found = working.distinct().limit(most).subquery()
    return int(await uow.session.scalar(select(func.count()).select_from(found)) or 0)


async def count_seats(uow: Any, most: int) -> int:
    """How many people work in the business or are invited to."""
    members = await count_members(uow, most)
    if members >= most:
        return members
    return members + await InvitationRepository(uow).count_pending(uow.now, most - members)


async def count_api_keys(uow: Any, most: int) -> int:
    """How many API keys the business has."""
    found = ApiKeyRepository(uow).select().limit(most).subquery()
    return int(await uow.session.scalar(select(func.count()).select_from(found)) or 0)


async def count_domains(uow: Any, most: int) -> int:
    """How many host names the business has."""
    found = DomainRepository(uow).select().limit(most).subquery()
    return int(await uow.session.scalar(select(func.count()).select_from(found)) or 0)
