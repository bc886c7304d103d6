"""All SQL of privacy requests."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from libs.common.db.repository import Repository
from services.identity.members.models import Member, MemberRole
from services.identity.privacy_requests.models import PrivacyReceipt, PrivacyRequest, RequestKind
from services.identity.roles.catalogue import OWNER, SUPERADMIN
from services.identity.tenants.models import Tenant, TenantStatus


class PrivacyRequestRepository(Repository[PrivacyRequest]):
    """Requests of one tenant and kind."""

    model = PrivacyRequest
    kind: RequestKind

    def of(self, kind: RequestKind) -> "PrivacyRequestRepository":
        """The same, of this kind."""
        self.kind = kind
        return self

    def visible(self) -> list[ColumnElement[bool]]:
        """Those of the kind."""
        return [PrivacyRequest.kind == self.kind]


class PrivacyReceiptRepository(Repository[PrivacyReceipt]):
    """Receipts of one tenant."""

    model = PrivacyReceipt

    async def of(self, requests: Sequence[UUID]) -> list[PrivacyReceipt]:
        """The receipts of these requests, in the order of the services' names."""
        statement = self.select().where(PrivacyReceipt.request_id.in_(requests))
        return list((await self.session.execute(statement.order_by(PrivacyReceipt.service))).scalars())

    async def is_only_owner(self, user_id: UUID) -> bool:
        """Whether a business that is not closed has no owner but this person, or the platform no superadministrator.

        In the platform scope.
        """
        other = aliased(MemberRole)
        others = exists().where(
            other.tenant_id == MemberRole.tenant_id,
            other.role == MemberRole.role,
            other.member_id != MemberRole.member_id,
        )
        statement = (
            select(func.count())
            .select_from(MemberRole)
            .join(Member, (Member.tenant_id == MemberRole.tenant_id) & (Member.id == MemberRole.member_id))
            .join(Tenant, Tenant.id == Member.tenant_id)
            .where(
                Member.user_id == user_id,
                MemberRole.role.in_((OWNER, SUPERADMIN)),
                Tenant.status != TenantStatus.CLOSED,
                ~others,
            )
        )
        return bool(await self.session.scalar(statement))
