"""Accepting an invitation: by who has an account and signed in, or by who makes one with it."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import TenantNotActive, ValidationFailed
from services.identity.auth.caller import Caller
from services.identity.auth.own import own_user_id
from services.identity.auth.persona import act_as
from services.identity.auth.schemas import AccountOut, ShopOut
from services.identity.departments.repository import DepartmentRepository
from services.identity.invitations.errors import InvitationInvalid, InvitationOfAnother, SignInToAccept
from services.identity.invitations.models import Invitation, InvitationStatus
from services.identity.invitations.repository import InvitationRepository
from services.identity.invitations.schemas import InvitationAccept, InvitationAccepted, InvitationShown
from services.identity.invitations.tokens import read_token
from services.identity.members.seats import keep_seat_elsewhere
from services.identity.members.service import MemberService
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.roles.repository import RoleRepository
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


class Acceptance:
    """The flows of one caller. They hash outside of transactions, so they open units of work themselves."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def show(self, token: str) -> InvitationShown:
        """What a token is good for.

        Raises:
            InvitationInvalid: for nothing.
        """
        async with self.caller.unit_of_work() as uow:
            row = await self._good(uow, token)
            user = await UserRepository(uow).by_email(row.email)
            return InvitationShown(
                company=ShopOut.model_validate(await self._company(uow, row)),
                email=row.email,
                roles=row.roles,
                invited_by_name=row.invited_by_name,
                expires_at=row.expires_at,
                has_account=user is not None,
            )

    async def accept(self, body: InvitationAccept) -> InvitationAccepted:
        """Make who was invited a member. The lock on the invitation lets one of several win.

        Raises:
            InvitationInvalid: the token is good no more.
            InvitationOfAnother: it went to another address than that of who is signed in.
            SignInToAccept: the address has an account.
            ValidationFailed, WeakPassword: what a new account needs is missing.
            TenantNotActive, AlreadyMember, PlanLimitReached.
        """
        async with self.caller.unit_of_work() as uow:
            row = await self._good(uow, body.token)
            user = await UserRepository(uow).by_email(row.email)
        self._check_person(user)
        password_hash = None if user is not None else await self._hash(body, row.email)
        async with self.caller.unit_of_work() as uow:
            row = await self._good(uow, body.token, lock=True)
            company = await self._company(uow, row)
            users = UserRepository(uow)
            person = await users.by_email(row.email)
            if (person is None) != (user is None):
                # Somebody made the account meanwhile.
                raise SignInToAccept
            if person is None:
                person = await users.add(
                    User(
                        email=row.email,
                        password_hash=password_hash,
                        first_name=body.first_name,
                        last_name=body.last_name,
                        phone=body.phone,
                        locale=body.locale or row.locale,
                        home_tenant_id=row.tenant_id,
                        # Who has the token has the mail.
                        email_verified_at=uow.now,
                    )
                )
            row.status = InvitationStatus.ACCEPTED
            row.accepted_at, row.accepted_by_id = uow.now, person.id
            await InvitationRepository(uow).save(row)
            act_as(uow, person)
            await keep_seat_elsewhere(uow, row.tenant_id, row.roles)
            await uow.enter_tenant(row.tenant_id)
            member = await MemberService(uow).join(
                person, await self._roles(uow, row), department_id=await self._department(uow, row)
            )
            uow.audit("accepted", "invitation", row.id, after={"email": row.email, "roles": member.roles})
            return InvitationAccepted(
                user=AccountOut.model_validate(person),
                company=ShopOut.model_validate(company),
                roles=member.roles,
            )

    def _check_person(self, user: User | None) -> None:
        actor = self.caller.actor
        if actor.is_anonymous:
            if user is not None:
                raise SignInToAccept
            return
        if user is None or own_user_id(actor) != user.id:
            raise InvitationOfAnother("This invitation went to another address; sign in as who was invited.")

    async def _hash(self, body: InvitationAccept, email: str) -> str:
        missing = [name for name in ("password", "first_name") if getattr(body, name) is None]
        if missing or body.password is None:
            errors = [{"loc": ["body", name], "msg": "is needed", "type": "missing"} for name in missing]
            raise ValidationFailed("A new account needs more.", errors=errors)
        password = body.password.get_secret_value()
        check_password(password, email, self.caller.context.settings)
        return await Passwords.of(self.caller.context).hash(password)

    async def _good(self, uow: UnitOfWork, token: str, *, lock: bool = False) -> Invitation:
        named = read_token(uow.context.keyring, token)
        row = await InvitationRepository(uow).get(named[0], lock=lock) if named is not None else None
        is_good = (
            row is not None
            and named is not None
            and row.status == InvitationStatus.PENDING
            and row.serial == named[1]
            and row.expires_at > uow.now
        )
        if row is None or not is_good:
            raise InvitationInvalid
        return row

    async def _company(self, uow: UnitOfWork, row: Invitation) -> Tenant:
        tenant = await TenantRepository(uow).get(row.tenant_id)
        if tenant is None or tenant.status != TenantStatus.ACTIVE:
            raise TenantNotActive("The business is not active now.")
        return tenant

    async def _roles(self, uow: UnitOfWork, row: Invitation) -> list[str]:
        """The roles of an invitation that there still are."""
        found = {role.code for role in await RoleRepository(uow).by_codes(row.roles)}
        if not found:
            raise InvitationInvalid
        return sorted(found & set(row.roles))

    async def _department(self, uow: UnitOfWork, row: Invitation) -> UUID | None:
        if row.department_id is None:
            return None
        found = await DepartmentRepository(uow).get(row.department_id)
        return found.id if found is not None else None
