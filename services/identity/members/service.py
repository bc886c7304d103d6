"""The rules of members: who belongs to a business, and in which roles."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.filters import ListQuery
from libs.contracts.identity import MemberAdded, MemberChanged, MemberRemoved
from services.identity.departments.repository import DepartmentRepository
from services.identity.members.errors import AlreadyMember, LastOwner
from services.identity.members.models import Member, MemberRole
from services.identity.members.repository import MemberRepository
from services.identity.members.schemas import MemberAdd, MemberUpdate
from services.identity.members.seats import keep_seat, works
from services.identity.roles.catalogue import OWNER, SUPERADMIN
from services.identity.roles.granting import check_grant
from services.identity.sessions.service import SessionService
from services.identity.sign_in_policies.rules import check_domain
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository

E = TypeVar("E", MemberAdded, MemberChanged)


class MemberService:
    """Members of the tenant of the unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = MemberRepository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of members."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def get(self, user_id: UUID, *, lock: bool = False) -> Member:
        """The membership of a person.

        Raises:
            NotFound: the person does not belong here.
        """
        member = await self.rows.of_user(user_id, lock=lock)
        if member is None:
            raise NotFound("There is no such member.", resource="member")
        self.uow.tag(member.version)
        return member

    async def add(self, body: MemberAdd) -> Member:
        """Make somebody who has an account a member.

        Raises:
            NotFound: nobody has this address.
            AlreadyMember: the person belongs here already.
        """
        tenant_id = self.uow.tenant_id
        await check_grant(self.uow, body.roles, ())
        await self.uow.enter_platform()
        user = await UserRepository(self.uow).by_email(body.email)
        await self.uow.enter_tenant(tenant_id)
        if user is None:
            raise NotFound("Nobody has an account with this e-mail address.", resource="user")
        member = await self.join(user, body.roles, department_id=body.department_id)
        self.uow.show(member)
        return member

    async def join(self, user: User, roles: Sequence[str], *, department_id: UUID | None = None) -> Member:
        """Insert a membership. That the roles may be given is the caller's to check.

        Raises:
            AlreadyMember: the person belongs here already.
            NotFound: the business has no such department.
            PlanLimitReached: its plan allows no more who work in it.
        """
        tenant_id = self.uow.tenant_id
        await self._check_department(department_id)
        await self._check_domain(user, roles)
        if await self.rows.of_user(user.id) is not None:
            raise AlreadyMember("This person is a member already.", user_id=str(user.id))
        await keep_seat(self.uow, roles)
        member = Member(tenant_id=tenant_id, user=user, department_id=department_id, granted=[])
        await self.rows.add(member)
        await self.rows.set_roles(member, roles)
        self.uow.emit(member_fact(MemberAdded, member), tenant_id=tenant_id)
        return member

    async def update(self, user_id: UUID, body: MemberUpdate) -> Member:
        """Change the roles or the department of a member."""
        changes = body.changes()
        member = await self.get(user_id, lock=True)
        if "department_id" in changes:
            await self._check_department(changes["department_id"])
            member.department_id = changes["department_id"]
        if "roles" in changes:
            await self._change_roles(member, changes["roles"])
        await self.rows.save(member)
        self.uow.tag(member.version)
        self.uow.emit(member_fact(MemberChanged, member))
        return member

    async def remove(self, user_id: UUID) -> None:
        """End a membership.

        Raises:
            LastOwner: the business would be left without an owner, or the platform without a superadministrator.
        """
        member = await self.get(user_id, lock=True)
        held = member.roles
        await check_grant(self.uow, (), held)
        await self._keep_an_owner(held, ())
        await self.rows.delete(member)
        await self._end_acting(user_id)
        self.uow.audit("removed", "member", user_id, before={"roles": held})
        self.uow.emit(MemberRemoved(company_id=self.uow.tenant_id, user_id=user_id))

    async def _change_roles(self, member: Member, wanted: Sequence[str]) -> None:
        held = member.roles
        await check_grant(self.uow, wanted, held)
        if not works(held):
            await self._check_domain(member.user, wanted)
        await self._keep_an_owner(held, wanted)
        await keep_seat(self.uow, wanted, held)
        await self.rows.set_roles(member, wanted)
        if set(held) - set(wanted):
            await self._end_acting(member.user_id)
        self.uow.audit(
            "roles_changed",
            "member",
            member.user_id,
            before={"roles": held},
            after={"roles": sorted(set(wanted))},
        )

    async def _end_acting(self, user_id: UUID) -> None:
        """Who acts as another may do so by roles of his own; with one of them taken he must ask anew."""
        tenant_id = self.uow.tenant_id
        await self.uow.enter_platform()
        await SessionService(self.uow).revoke_acting(user_id, "a role was taken from who acts")
        await self.uow.enter_tenant(tenant_id)

    async def _keep_an_owner(self, held: Sequence[str], wanted: Sequence[str]) -> None:
        for role, needs in (
            (OWNER, "A business needs an owner"),
            (SUPERADMIN, "The platform needs one of these"),
        ):
            if role in held and role not in wanted and await self.rows.holders(role) < 2:
                raise LastOwner(f"{needs}; make somebody else one first.", role=role)

    async def _check_domain(self, user: User, roles: Sequence[str]) -> None:
        tenant = await TenantRepository(self.uow).get(self.uow.tenant_id)
        check_domain(tenant.sign_in_policy if tenant is not None else None, user.email, roles)

    async def _check_department(self, department_id: UUID | None) -> None:
        if department_id is None:
            return
        # It stays until the transaction ends.
        if await DepartmentRepository(self.uow).get(department_id, lock=True) is None:
            raise NotFound("There is no such department.", resource="department")


def new_member(user: User, tenant_id: UUID, roles: Sequence[str]) -> Member:
    """A membership with its roles, ready to add; for the flows that make business and people at once."""
    from libs.common.ids import new_id

    member_id = new_id()
    return Member(
        tenant_id=tenant_id,
        id=member_id,
        user=user,
        granted=[MemberRole(tenant_id=tenant_id, member_id=member_id, role=role) for role in roles],
    )


def member_fact(kind: type[E], member: Member) -> E:
    """The event that says what is true of a member now."""
    user = member.user
    return kind(
        company_id=member.tenant_id,
        user_id=user.id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        phone=user.phone,
        locale=user.locale,
        roles=member.roles,
    )
