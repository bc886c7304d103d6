"""The rules of grants to staff."""

from datetime import timedelta
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.errors import NotFound, ValidationFailed
from libs.common.permissions import ALL
from libs.common.resource import ResourceService
from libs.contracts.audit import change_recorded
from libs.contracts.identity import AccessChanged
from services.identity.members.repository import MemberRepository
from services.identity.roles.catalogue import OPERATOR_ROLES
from services.identity.roles.granting import require_all
from services.identity.roles.vocabulary import Vocabulary
from services.identity.staff_grants.models import StaffGrant
from services.identity.staff_grants.repository import StaffGrantRepository
from services.identity.staff_grants.schemas import StaffGrantCreate
from services.identity.users.models import User
from services.identity.users.repository import UserRepository

_LONGEST = timedelta(days=30)


class StaffGrantService(ResourceService[StaffGrant]):
    """Grants over the business of the unit of work.

    Each opens what its maker may, its permissions name, and the roles of the person hold: the least of the three.
    """

    repository = StaffGrantRepository
    noun = "staff_grant"

    async def give(self, body: StaffGrantCreate) -> StaffGrant:
        """Let somebody of the staff in.

        Raises:
            NotFound: nobody of the staff has this address.
            PermissionDenied: a permission is more than the caller may.
            ValidationFailed: it would end too late, or has ended.
            UnknownPermission: there is no such permission.
        """
        actor, now = self.uow.actor, self.uow.now
        if not now < body.expires_at <= now + _LONGEST:
            raise ValidationFailed.of("expires_at", "must be within the next 30 days", "out_of_range")
        if body.permissions is not None:
            permissions = sorted(set(body.permissions))
            await Vocabulary.of(self.uow.context).require_known(permissions)
            require_all(actor, permissions)
        else:
            permissions = [ALL] if actor.is_superuser else sorted(actor.permissions)
        user = await self._staff(body.email)
        row = await self.rows.add(
            StaffGrant(
                user_id=user.id,
                email=user.email,
                reason=body.reason,
                permissions=permissions,
                granted_by_id=actor.user_id,
                expires_at=body.expires_at,
            )
        )
        self._record("created", row, None)
        await self._tell("staff_let_in", row)
        self.uow.tag(row.version)
        return row

    async def revoke(self, grant_id: UUID) -> None:
        """End a grant before its time."""
        row = await self.get(grant_id, lock=True)
        self.check_version(row)
        await self.rows.delete(row)
        self._record("deleted", row, None)
        await self._tell("staff_let_out", row)

    async def _staff(self, email: str) -> User:
        tenant_id = self.uow.tenant_id
        await self.uow.enter_platform()
        user = await UserRepository(self.uow).by_email(email)
        roles: set[str] = set()
        if user is not None:
            for member in await MemberRepository(self.uow).everywhere(user.id):
                if member.tenant_id == OPERATOR_TENANT_ID:
                    roles |= set(member.roles)
        await self.uow.enter_tenant(tenant_id)
        if user is None or not roles & OPERATOR_ROLES:
            raise NotFound("Nobody of the operator's staff has this e-mail address.", resource="user")
        return user

    async def _tell(self, action: str, row: StaffGrant) -> None:
        """Let gateways hear of it, and the operator's own audit log too."""
        after = {
            "company_id": str(row.tenant_id),
            "reason": row.reason,
            "expires_at": row.expires_at.isoformat(),
        }
        tenant_id = self.uow.tenant_id
        await self.uow.enter_platform()
        self.uow.emit(AccessChanged.of(user_id=row.user_id))
        event = change_recorded("identity", action, "user", row.user_id, None, after)
        self.uow.emit(event, tenant_id=OPERATOR_TENANT_ID)
        await self.uow.flush()
        await self.uow.enter_tenant(tenant_id)
