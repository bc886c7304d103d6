"""How a business applies: account, business and application in one commit."""

from datetime import timedelta

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.contracts.identity import MemberAdded, RegistrationSubmitted
from libs.contracts.values import Business
from services.identity.auth.caller import Caller
from services.identity.auth.persona import act_as
from services.identity.members.repository import MemberRepository
from services.identity.members.service import member_fact, new_member
from services.identity.one_time_links.models import LinkPurpose
from services.identity.one_time_links.service import OneTimeLinkService
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import check_password
from services.identity.registrations.models import Registration
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.requirements.needs import NeedsService
from services.identity.registrations.reviews import clock
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.registrations.schemas import RegisterIn, RegisterOut
from services.identity.registrations.status.links import link_of
from services.identity.registrations.timeline.repository import Timeline
from services.identity.roles.catalogue import OWNER
from services.identity.tenants.countries import currency_of
from services.identity.tenants.models import Tenant
from services.identity.tenants.repository import TenantRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository


async def register(caller: Caller, body: RegisterIn) -> RegisterOut:
    """Make account, business and application in one commit.

    Raises:
        WeakPassword, EmailTaken.
        NotAskedFor, AnswerRefused: of the fields that the product needs.
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
                declared_minor=body.declared_amount.amount if body.declared_amount else None,
                declared_currency=body.declared_amount.currency if body.declared_amount else None,
                link_expires_at=uow.now + timedelta(days=uow.context.settings.status_link_days),
            )
        )
        Timeline(uow).add(registration, "submitted", is_public=True)
        clock.start(registration, await RuleRepository(uow).terms(registration), uow.now)
        needs = NeedsService(uow, registration)
        if body.fields:
            await needs.answer(body.fields)
        await needs.run_checks()
        uow.emit(member_fact(MemberAdded, member), tenant_id=tenant_id)
        await OneTimeLinkService(uow).make(user, LinkPurpose.EMAIL_VERIFICATION)
        # Staff work applications in the operator's own tenant, so the fact belongs there.
        uow.emit(_submitted(registration, user), tenant_id=OPERATOR_TENANT_ID)
        applied = {
            "id": registration.id,
            "status": registration.status,
            "status_link": link_of(uow.context, registration),
        }
        return RegisterOut.model_validate(
            {"user": user, "company": tenant, "registration": applied}, from_attributes=True
        )


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
        link_serial=registration.link_serial,
        link_expires_at=registration.link_expires_at,
    )
