"""One's own account."""

from uuid import UUID

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, Unauthenticated
from libs.contracts.identity import MemberChanged
from services.identity.auth.own import own_user_id
from services.identity.auth.schemas import AccountOut, MembershipOut, MeOut, MeUpdate
from services.identity.members.models import Member
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact
from services.identity.tenants.models import Tenant
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


class AccountService:
    """The caller's account, in the platform scope: a person belongs to several businesses."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.users = UserRepository(uow)
        self.members = MemberRepository(uow)

    async def get(self) -> MeOut:
        """The account with its memberships."""
        user = await self._own(self.uow.actor.user_id)
        return await self._shown(user, await self.members.everywhere(user.id))

    async def update(self, body: MeUpdate) -> MeOut:
        """Change the account; every business the person belongs to is told."""
        user = await self._own(own_user_id(self.uow.actor), lock=True)
        for name, value in body.changes().items():
            setattr(user, name, value)
        await self.users.save(user)
        members = await self.members.everywhere(user.id)
        for member in members:
            self.uow.emit(member_fact(MemberChanged, member), tenant_id=member.tenant_id)
        return await self._shown(user, members)

    async def _own(self, user_id: UUID | None, *, lock: bool = False) -> User:
        if user_id is None:
            raise Unauthenticated("Sign in as a user first.")
        user = await self.users.get(user_id, lock=lock)
        if user is None:
            raise NotFound("The account is gone.", resource="user")
        return user

    async def _shown(self, user: User, members: list[Member]) -> MeOut:
        actor = self.uow.actor
        statement = select(Tenant).where(Tenant.tenant_id.in_([m.tenant_id for m in members]))
        tenants = {t.id: t for t in (await self.uow.session.execute(statement)).scalars()}
        return MeOut(
            **AccountOut.model_validate(user).model_dump(exclude={"home_company_id"}),
            home_tenant_id=user.home_tenant_id,
            email_verified=user.email_verified_at is not None,
            email_verified_at=user.email_verified_at,
            company_id=actor.tenant_id,
            company_status=actor.tenant_status,
            roles=list(actor.roles),
            permissions=sorted(actor.permissions),
            features=sorted(actor.features),
            is_superuser=actor.is_superuser,
            acting_user_id=actor.acting_user_id,
            companies=[_membership(tenants[m.tenant_id], m) for m in members],
        )


def _membership(tenant: Tenant, member: Member) -> MembershipOut:
    return MembershipOut(
        id=tenant.id,
        name=tenant.name,
        slug=tenant.slug,
        status=tenant.status,
        currency=tenant.currency,
        roles=member.roles,
    )
