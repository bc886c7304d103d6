"""The rules of users, as a business sees them: the accounts of its members."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import Conflict, ValidationFailed
from libs.common.filters import ListQuery
from libs.common.schema import PatchSchema
from libs.contracts.identity import MemberChanged
from services.identity.members.errors import ManagedElsewhere
from services.identity.members.models import Member
from services.identity.members.schemas import MemberUpdate
from services.identity.members.service import MemberService, member_fact
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.roles.granting import check_grant
from services.identity.sessions.service import SessionService
from services.identity.users.models import User
from services.identity.users.repository import UserRepository
from services.identity.users.schemas import UserCreate, UserReplace, UserUpdate

_MEMBERSHIP = frozenset({"roles", "department_id"})


class UserService:
    """Accounts of the members of the tenant acted in. What is listed is their membership, account included."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.members = MemberService(uow)
        self.users = UserRepository(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of members."""
        return await self.members.list(query)

    async def get(self, user_id: UUID) -> Member:
        """One member.

        Raises:
            NotFound: the person does not belong here.
        """
        return await self.members.get(user_id)

    async def create(self, body: UserCreate) -> Member:
        """Make an account and a membership.

        Raises:
            EmailTaken: there is such an account; it can be made a member under `/tenants/{id}/members`.
            WeakPassword, UnknownRole, PermissionDenied.
        """
        tenant_id = self.uow.tenant_id
        password = body.password.get_secret_value()
        check_password(password, body.email, self.uow.context.settings)
        await check_grant(self.uow, body.roles, ())
        password_hash = await Passwords.of(self.uow.context).hash(password)
        await self.uow.enter_platform()
        user = await self.users.add(
            User(
                **body.model_dump(exclude={"password", *_MEMBERSHIP}),
                password_hash=password_hash,
                home_tenant_id=tenant_id,
            )
        )
        await OneTimeLinkService(self.uow).make(user, LinkPurpose.EMAIL_VERIFICATION)
        await self.uow.enter_tenant(tenant_id)
        member = await self.members.join(user, body.roles, department_id=body.department_id)
        self.uow.audit("created", "user", user.id, after={"email": user.email, "roles": member.roles})
        self.uow.tag(member.version)
        return member

    async def update(self, user_id: UUID, body: UserUpdate | UserReplace) -> Member:
        """Change an account or a membership.

        Raises:
            ManagedElsewhere: the account's own fields are another business's to change.
            ValidationFailed: the address would change.
        """
        changes = body.changes() if isinstance(body, PatchSchema) else body.model_dump()
        member = await self.members.get(user_id, lock=True)
        self.uow.check_version(member.version)
        email = changes.pop("email", None)
        if email is not None and email.lower() != member.user.email.lower():
            raise ValidationFailed.of("email", "cannot be changed here", "fixed")
        profile = {
            name: value
            for name, value in changes.items()
            if name not in _MEMBERSHIP and getattr(member.user, name) != value
        }
        if profile:
            await self._change_profile(member, profile)
        kept = {name: value for name, value in changes.items() if name in _MEMBERSHIP}
        return await self.members.update(user_id, MemberUpdate(**kept))

    async def delete(self, user_id: UUID) -> None:
        """End the membership; the account stays, since it may belong elsewhere too."""
        await self.members.remove(user_id)

    async def _change_profile(self, member: Member, changes: dict[str, Any]) -> None:
        user, tenant_id = member.user, self.uow.tenant_id
        if user.home_tenant_id != tenant_id:
            raise ManagedElsewhere("This account is managed by the person's own business.")
        if "is_active" in changes:
            if user.id == self.uow.actor.user_id:
                raise Conflict("Nobody switches off the own account.")
            # Who may not take somebody's roles may not switch the account off either.
            await check_grant(self.uow, (), member.roles)
        before = {name: getattr(user, name) for name in changes}
        for name, value in changes.items():
            setattr(user, name, value)
        await self.users.save(user)
        self.uow.audit("updated", "user", user.id, before=before, after=changes)
        await self.uow.enter_platform()
        if changes.get("is_active") is False:
            await SessionService(self.uow).revoke_all(user.id, "account switched off")
        for other in await self.members.rows.everywhere(user.id):
            if other.tenant_id != tenant_id:
                self.uow.emit(member_fact(MemberChanged, other), tenant_id=other.tenant_id)
        await self.uow.enter_tenant(tenant_id)
