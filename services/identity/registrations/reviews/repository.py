"""All SQL of approvals, of rights handed on, and of what is late."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.permissions import holds
from services.identity.api_keys.models import ApiKey
from services.identity.members.models import Member, MemberRole
from services.identity.registrations.models import OPEN, Registration
from services.identity.registrations.reviews.models import Delegation, Via, Vote
from services.identity.roles.models import Role
from services.identity.users.models import User


class VoteRepository:
    """The approvals of one application in its present round."""

    def __init__(self, uow: UnitOfWork, registration: Registration) -> None:
        self.uow = uow
        self.registration = registration

    def _mine(self) -> tuple[Any, ...]:
        return (
            Vote.tenant_id == self.registration.tenant_id,
            Vote.registration_id == self.registration.id,
            Vote.round == self.registration.round,
        )

    async def add(self, *, via: str, voter_id: UUID, right_of_id: UUID, reason: str | None) -> bool:
        """Count an approval; False where the voter, the right or the deal has been counted in this round."""
        statement = (
            insert(Vote)
            .values(
                tenant_id=self.registration.tenant_id,
                id=new_id(),
                registration_id=self.registration.id,
                round=self.registration.round,
                via=via,
                voter_id=voter_id,
                right_of_id=right_of_id,
                reason=reason,
                created_at=self.uow.now,
                updated_at=self.uow.now,
            )
            .on_conflict_do_nothing()
            .returning(Vote.id)
        )
        return (await self.uow.session.execute(statement)).scalar_one_or_none() is not None

    async def withdraw(self, *, via: Via, voter_id: UUID | None = None) -> bool:
        """Take approvals of one kind back, all or those of one person; False where there are none."""
        mine = [] if voter_id is None else [Vote.voter_id == voter_id]
        statement = delete(Vote).where(*self._mine(), Vote.via == via, *mine)
        return (await self.uow.session.execute(statement.returning(Vote.id))).first() is not None

    async def carry_on(self) -> None:
        """Let the approvals of this round count in the next one: what they judged has not changed."""
        statement = update(Vote).where(*self._mine())
        await self.uow.session.execute(
            statement.values(round=self.registration.round + 1).execution_options(synchronize_session=False)
        )

    async def all(self) -> Sequence[Vote]:
        """The approvals, oldest first."""
        statement = select(Vote).where(*self._mine()).order_by(Vote.created_at, Vote.id)
        return (await self.uow.session.execute(statement)).scalars().all()

    async def count(self) -> int:
        """How many there are."""
        return int(await self.uow.session.scalar(select(func.count(Vote.id)).where(*self._mine())) or 0)


class DelegationRepository(Repository[Delegation]):
    """Rights to review handed on."""

    model = Delegation

    async def to(self, user_id: UUID) -> Sequence[Delegation]:
        """Those to a person that are in force now, oldest first."""
        now = self.uow.now
        statement = (
            select(Delegation)
            .where(
                Delegation.tenant_id == OPERATOR_TENANT_ID,
                Delegation.to_user_id == user_id,
                Delegation.deleted_at.is_(None),
                Delegation.starts_at <= now,
                Delegation.ends_at > now,
            )
            .order_by(Delegation.created_at, Delegation.id)
            .limit(50)
        )
        return (await self.session.execute(statement)).scalars().all()


async def maker_of(uow: UnitOfWork, key_id: UUID) -> UUID | None:
    """Who made an API key, whoever uses it; in the platform scope."""
    found: UUID | None = await uow.session.scalar(select(ApiKey.created_by_id).where(ApiKey.id == key_id))
    return found


async def staff_may(uow: UnitOfWork, user_id: UUID, permission: str) -> bool:
    """Whether a person holds a permission as one of the operator's staff; in a scope that sees the operator."""
    statement = (
        select(Role.permissions)
        .join(MemberRole, MemberRole.role == Role.code)
        .join(Member, (Member.tenant_id == MemberRole.tenant_id) & (Member.id == MemberRole.member_id))
        .join(User, User.id == Member.user_id)
        .where(
            Member.tenant_id == OPERATOR_TENANT_ID,
            Member.user_id == user_id,
            User.is_active,
            Role.tenant_id == OPERATOR_TENANT_ID,
        )
    )
    held = {code for codes in (await uow.session.execute(statement)).scalars() for code in codes}
    return holds(held, permission)


async def lock_late(uow: UnitOfWork, now: datetime, limit: int) -> Sequence[Registration]:
    """Open applications whose next escalation is due, over all businesses; those that others hold are left out."""
    statement = (
        select(Registration)
        .where(Registration.escalate_at <= now, Registration.status.in_(OPEN))
        .order_by(Registration.escalate_at, Registration.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await uow.session.execute(statement)).scalars().all()
