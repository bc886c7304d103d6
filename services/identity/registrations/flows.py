"""How a business joins: it applies, and is approved or rejected. Each step spans user, tenant and registration."""

from datetime import datetime
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.common.ids import new_id
from libs.common.messaging.outbox import actor_label
from libs.contracts.identity import MemberAdded, RegistrationRejected, RegistrationSubmitted, TenantActivated
from libs.contracts.values import Business
from services.identity.auth.caller import Caller
from services.identity.auth.persona import act_as
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact, new_member
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.schemas import RegisterIn, RegisterOut
from services.identity.roles.catalogue import OWNER
from services.identity.tenants.countries import currency_of
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


async def register(caller: Caller, body: RegisterIn) -> RegisterOut:
    """Make account, business and application in one commit.

    Raises:
        WeakPassword, EmailTaken.
    """
    password = body.password.get_secret_value()
    check_password(password, body.email, caller.context.settings)
    password_hash = await Passwords.of(caller.context).hash(password)
    async with caller.unit_of_work() as uow:
        tenant_id = new_id()
        user = await UserRepository(uow).add(
            User(
                email=body.email,
                password_hash=password_hash,
                first_name=body.first_name,
                last_name=body.last_name,
                phone=body.phone,
                home_tenant_id=tenant_id,
            )
        )
        act_as(uow, user)
        business = body.business
        tenant = await TenantRepository(uow).add_with_slug(
            Tenant(
                tenant_id=tenant_id,
                id=tenant_id,
                currency=currency_of(business.country),
                **business.model_dump(),
            )
        )
        member = await MemberRepository(uow).add(new_member(user, tenant_id, [OWNER]))
        registration = await RegistrationRepository(uow).add(
            Registration(
                tenant_id=tenant_id,
                company_name=tenant.name,
                business=business.model_dump(),
                product=body.product,
                referral_code=body.referral_code,
                owner_user_id=user.id,
                owner_email=user.email,
            )
        )
        uow.emit(member_fact(MemberAdded, member), tenant_id=tenant_id)
        await OneTimeLinkService(uow).make(user, LinkPurpose.EMAIL_VERIFICATION)
        # Staff work applications in the operator's own tenant, so the fact belongs there.
        uow.emit(_submitted(registration, user), tenant_id=OPERATOR_TENANT_ID)
        return RegisterOut.model_validate(
            {"user": user, "company": tenant, "registration": registration}, from_attributes=True
        )


class Decisions:
    """Approving and rejecting, whoever decides: staff by hand, or crm by a deal won or lost.

    The newest fact wins. A fact that happened before the last decision, or that says the same again, changes
    nothing. Needs the platform scope.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = RegistrationRepository(uow)

    async def find(self, registration_id: UUID) -> Registration:
        """The application, locked.

        Raises:
            NotFound: there is none.
        """
        found = await self.rows.get(registration_id, lock=True)
        if found is None:
            raise NotFound("There is no such registration.", resource="registration")
        return found

    async def approve(
        self, registration: Registration, *, at: datetime, by: str | None, reason: str | None
    ) -> bool:
        """Let a business trade; say whether this changed anything."""
        if not self._decide(registration, RegistrationStatus.APPROVED, at=at, by=by, reason=reason):
            return False
        await self.rows.save(registration)
        tenant = await self._tenant(registration)
        if tenant.status in (TenantStatus.PENDING, TenantStatus.REJECTED):
            tenant.status, tenant.status_reason = TenantStatus.ACTIVE, None
            tenant.activated_at = self.uow.now
            await TenantRepository(self.uow).save(tenant)
            self.uow.emit(
                TenantActivated(
                    company_id=tenant.id,
                    company_name=tenant.name,
                    owner_user_id=registration.owner_user_id,
                    owner_email=registration.owner_email,
                    registration_id=registration.id,
                    country=tenant.country,
                    currency=tenant.currency,
                ),
                tenant_id=tenant.id,
            )
        return True

    async def reject(
        self, registration: Registration, *, at: datetime, by: str | None, reason: str | None
    ) -> bool:
        """Turn a business down; say whether this changed anything."""
        if not self._decide(registration, RegistrationStatus.REJECTED, at=at, by=by, reason=reason):
            return False
        await self.rows.save(registration)
        tenant = await self._tenant(registration)
        if tenant.status != TenantStatus.CLOSED:
            tenant.status, tenant.status_reason = TenantStatus.REJECTED, reason
            await TenantRepository(self.uow).save(tenant)
        self.uow.emit(
            RegistrationRejected(
                registration_id=registration.id,
                company_id=tenant.id,
                company_name=tenant.name,
                owner_user_id=registration.owner_user_id,
                owner_email=registration.owner_email,
                reason=reason,
            ),
            tenant_id=tenant.id,
        )
        return True

    async def decide_by_hand(
        self, registration_id: UUID, decision: RegistrationStatus, reason: str | None
    ) -> Registration:
        """Approve or reject as the caller.

        Raises:
            InvalidTransition: it is decided already.
        """
        registration = await self.find(registration_id)
        if registration.status not in (RegistrationStatus.SUBMITTED, RegistrationStatus.CHANGES_REQUESTED):
            raise InvalidTransition(
                f"The registration is {registration.status} already.", current_status=registration.status
            )
        decide = self.approve if decision is RegistrationStatus.APPROVED else self.reject
        await decide(registration, at=self.uow.now, by=actor_label(self.uow.actor), reason=reason)
        return registration

    def _decide(
        self,
        registration: Registration,
        status: RegistrationStatus,
        *,
        at: datetime,
        by: str | None,
        reason: str | None,
    ) -> bool:
        is_old = registration.decided_at is not None and at < registration.decided_at
        if is_old:
            return False
        if registration.status == status:
            # Said again, later: what happened in between and arrives after this is old.
            registration.decided_at = at
            return False
        before = registration.status
        registration.status, registration.reason = status, reason
        registration.decided_at, registration.decided_by = at, by
        self.uow.audit(
            str(status),
            "registration",
            registration.id,
            before={"status": before},
            after={"status": status, "reason": reason},
        )
        return True

    async def _tenant(self, registration: Registration) -> Tenant:
        tenant = await TenantRepository(self.uow).get(registration.tenant_id, lock=True)
        assert tenant is not None
        return tenant


def _submitted(registration: Registration, user: User) -> RegistrationSubmitted:
    return RegistrationSubmitted(
        registration_id=registration.id,
        company_id=registration.tenant_id,
        company_name=registration.company_name,
        business=Business(**registration.business),
        owner_user_id=user.id,
        owner_email=user.email,
        owner_first_name=user.first_name,
        owner_last_name=user.last_name,
        owner_phone=user.phone,
        product=registration.product,
        referral_code=registration.referral_code,
    )
