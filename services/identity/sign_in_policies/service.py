"""The rules of sign-in policies."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, bindparam, exists, or_, select, update

from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.identity import AccessChanged
from services.identity.members.models import Member, MemberRole
from services.identity.roles.catalogue import CLIENT
from services.identity.sessions.models import Session
from services.identity.sign_in_policies.schemas import SignInPolicyOut, SignInPolicyPut
from services.identity.tenants.models import Tenant
from services.identity.tenants.repository import TenantRepository
from services.identity.tenants.service import TenantService


class SignInPolicyService:
    """Sign-in policies of businesses, in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.tenants = TenantService(uow)

    async def get(self, tenant_id: UUID) -> SignInPolicyOut:
        """The policy of the business acted in; for staff any.

        Raises:
            NotFound: it is not the caller's.
        """
        tenant = await self.tenants.reach(tenant_id)
        self.uow.tag(tenant.version)
        return SignInPolicyOut.model_validate(tenant.sign_in_policy or {})

    async def put(self, tenant_id: UUID, body: SignInPolicyPut) -> SignInPolicyOut:
        """Replace the policy. A requirement that there was keeps its beginning, unless its grace period changes.

        Raises:
            NotFound, PermissionDenied, PreconditionFailed.
        """
        await self.tenants.require_write(tenant_id)
        row = await self.tenants.get(tenant_id, lock=True)
        self.tenants.check_version(row)
        before = row.sign_in_policy
        after = body.model_dump(mode="json")
        if body.second_factor_required:
            kept = before and before.get("grace_days") == body.grace_days
            begins: datetime = self.uow.now + timedelta(days=body.grace_days)
            known = before.get("second_factor_required_from") if before and kept else None
            after["second_factor_required_from"] = known or begins.isoformat()
        row.sign_in_policy = after
        await TenantRepository(self.uow).save(row)
        self.uow.tag(row.version)
        self.uow.audit("sign_in_policy_changed", "company", row.id, before=before, after=after)
        if body.idle_seconds is not None:
            await self._shorten(row.id, body.idle_seconds)
        self.uow.emit(AccessChanged.of(company_id=row.id), tenant_id=row.id)
        return SignInPolicyOut.model_validate(after)

    async def _shorten(self, tenant_id: UUID, idle_seconds: int) -> None:
        """Let the sessions of those who work in a business end as early as it asks, those under way too."""
        staff = select(Member.user_id).where(Member.tenant_id == tenant_id, _WORKS)
        running = update(Session).where(
            Session.user_id.in_(staff),
            Session.revoked_at.is_(None),
            or_(Session.idle_seconds.is_(None), Session.idle_seconds > idle_seconds),
        )
        shorter = running.values(idle_seconds=idle_seconds)
        await self.uow.session.execute(shorter.execution_options(synchronize_session=False))


# That a member is more than a client.
_WORKS = exists().where(
    MemberRole.tenant_id == Member.tenant_id, MemberRole.member_id == Member.id, MemberRole.role != CLIENT
)


_POLICIES = Direct(
    select(Tenant.sign_in_policy)
    .join(Member, Member.tenant_id == Tenant.tenant_id)
    .where(Member.user_id == bindparam("user_id", type_=Uuid()), Tenant.sign_in_policy.is_not(None), _WORKS)
)


async def idle_seconds_of(uow: UnitOfWork, user_id: UUID) -> int | None:
    """The shortest idle time that a business asks of a person who is more than its client; None where none does."""
    policies = [policy for (policy,) in await _POLICIES.all(uow, user_id=user_id)]
    return min((p["idle_seconds"] for p in policies if p and p.get("idle_seconds")), default=None)
