"""All SQL of members."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, tuple_, update

from libs.common.db.repository import Repository
from libs.common.db.search import contains
from libs.common.filters import ListQuery
from services.identity.members.models import Member, MemberRole
from services.identity.users.models import User


class MemberRepository(Repository[Member]):
    """Members of one tenant."""

    model = Member

    # Whether what lists look at was copied from all accounts of the business; else the accounts are asked.
    is_copied = True

    async def page(self, query: ListQuery) -> tuple[list[Member], str | None]:
        """One page of members."""
        if query.q or getattr(query, "is_active", None) is not None:
            self.is_copied = await self.find(Member.person_email.is_(None)) is None
        return await super().page(query)

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The filters of the list, with role and activity by hand."""
        found = super().conditions(query)
        role, is_active = getattr(query, "role", None), getattr(query, "is_active", None)
        if role:
            found.append(
                exists().where(
                    MemberRole.tenant_id == Member.tenant_id,
                    MemberRole.member_id == Member.id,
                    MemberRole.role.in_(role),
                )
            )
        if is_active is not None:
            copy: ColumnElement[bool] = Member.person_is_active.is_(is_active)
            found.append(copy if self.is_copied else Member.user.has(User.is_active.is_(is_active)))
        if query.q and not self.is_copied:
            name = User.first_name + " " + User.last_name
            found.append(Member.user.has(contains([User.email, name], query.q)))
        return found

    def sought(self, query: ListQuery, row: Any) -> list[ColumnElement[bool]]:
        """What is sought, where it was copied."""
        return super().sought(query, row) if self.is_copied else []

    async def copy(self, limit: int) -> None:
        """Copy what lists look at for members of before it was kept, a bounded number; in the platform scope."""
        some = (
            select(Member.tenant_id, Member.id)
            .where(Member.person_email.is_(None))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = [tuple(row) for row in (await self.session.execute(some)).all()]
        if found:
            # What is said here is overwritten by the trigger, which reads the account.
            statement = update(Member).where(tuple_(Member.tenant_id, Member.id).in_(found))
            await self.session.execute(
                statement.values(person_email="").execution_options(synchronize_session=False)
            )

    async def of_user(self, user_id: UUID, *, lock: bool = False) -> Member | None:
        """The membership of a person here."""
        statement = self.select().where(Member.user_id == user_id)
        if lock:
            statement = statement.with_for_update(of=Member).execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def belongs(self, user_id: UUID, tenant_id: UUID) -> bool:
        """Whether a person is a member of a business; in the platform scope."""
        statement = select(Member.id).where(Member.tenant_id == tenant_id, Member.user_id == user_id)
        return await self.session.scalar(statement) is not None

    async def everywhere(self, user_id: UUID) -> list[Member]:
        """The memberships of a person in all businesses; in the platform scope."""
        statement = select(Member).where(Member.user_id == user_id).order_by(Member.created_at, Member.id)
        return list((await self.session.execute(statement)).scalars())

    async def holders(self, role: str, *, limit: int = 2) -> int:
        """How many members hold a role here, counted up to a limit; they keep it until the transaction ends."""
        statement = (
            select(MemberRole.member_id)
            .where(MemberRole.tenant_id == self.uow.tenant_id, MemberRole.role == role)
            .order_by(MemberRole.member_id)
            .limit(limit)
            .with_for_update()
        )
        return len((await self.session.execute(statement)).scalars().all())

    async def set_roles(self, member: Member, roles: Sequence[str]) -> None:
        """Make these the roles of a member."""
        wanted = set(roles)
        kept = [grant for grant in member.granted if grant.role in wanted]
        new = wanted - {grant.role for grant in kept}
        member.granted = kept + [
            MemberRole(tenant_id=member.tenant_id, member_id=member.id, role=role) for role in sorted(new)
        ]
        await self.session.flush()
