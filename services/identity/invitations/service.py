"""The rules of invitations, as the business sees them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.common.actor import Actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.common.filters import ListQuery
from libs.common.resource import ResourceService
from libs.contracts.identity import InvitationSent
from services.identity.departments.repository import DepartmentRepository
from services.identity.invitations.errors import AlreadyInvited
from services.identity.invitations.models import Invitation, InvitationStatus
from services.identity.invitations.repository import InvitationRepository
from services.identity.invitations.schemas import InvitationCreate, InvitationOut
from services.identity.invitations.tokens import token_of
from services.identity.members.errors import AlreadyMember
from services.identity.members.repository import MemberRepository
from services.identity.members.seats import keep_seat_to_offer
from services.identity.roles.granting import check_grant
from services.identity.tenants.repository import TenantRepository
from services.identity.users.repository import UserRepository


class InvitationService(ResourceService[Invitation]):
    """Invitations into the business of the unit of work."""

    repository = InvitationRepository
    noun = "invitation"

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of invitations."""
        page = await super().list(query)
        return {**page, "items": [InvitationOut.of(row, self.uow.now) for row in page["items"]]}

    async def show(self, row_id: UUID) -> InvitationOut:
        """One invitation."""
        return InvitationOut.of(await self.get(row_id), self.uow.now)

    async def invite(self, body: InvitationCreate) -> InvitationOut:
        """Ask an address to join, whether it has an account or not.

        Raises:
            AlreadyMember: who has this address belongs here already.
            AlreadyInvited: the address has a pending invitation.
            UnknownRole, PermissionDenied: the roles cannot be given here, or not by the caller.
            PlanLimitReached: the plan allows no more who work here.
        """
        await check_grant(self.uow, body.roles, ())
        if body.department_id is not None and (
            await DepartmentRepository(self.uow).get(body.department_id) is None
        ):
            raise NotFound("There is no such department.", resource="department")
        email, now, actor = body.email.lower(), self.uow.now, self.uow.actor
        rows = InvitationRepository(self.uow)
        # Who accepts one now is a member once it is not pending any more.
        waiting = await rows.pending(email)
        await self._refuse_member(email)
        if waiting is not None:
            if waiting.expires_at > now:
                raise AlreadyInvited("This address is invited already.", invitation_id=str(waiting.id))
            waiting.status = InvitationStatus.EXPIRED
            await rows.save(waiting)
        await keep_seat_to_offer(self.uow, body.roles)
        row = await rows.add(
            Invitation(
                email=email,
                roles=sorted(set(body.roles)),
                department_id=body.department_id,
                locale=body.locale,
                status=InvitationStatus.PENDING,
                sent_at=now,
                expires_at=now + self._life,
                invited_by_id=actor.user_id,
                invited_by_name=_name(actor),
            )
        )
        self._record("created", row, None)
        await self._send(row)
        return InvitationOut.of(row, now)

    async def resend(self, row_id: UUID) -> InvitationOut:
        """Send the mail once more, with a token of its own and all the time again; the one before is good no more.

        Raises:
            InvalidTransition: it was accepted or revoked.
        """
        row = await self.get(row_id, lock=True)
        if row.status not in (InvitationStatus.PENDING, InvitationStatus.EXPIRED):
            raise InvalidTransition(f"The invitation is {row.status}.", current_status=row.status)
        # Who sends it again asks once more for what it opens.
        await check_grant(self.uow, row.roles, ())
        row.status, row.serial = InvitationStatus.PENDING, row.serial + 1
        row.sent_at, row.expires_at = self.uow.now, self.uow.now + self._life
        await self.rows.save(row)
        self.uow.tag(row.version)
        self.uow.audit("resent", self.noun, row.id, after={"email": row.email})
        await self._send(row)
        return InvitationOut.of(row, self.uow.now)

    async def revoke(self, row_id: UUID) -> InvitationOut:
        """Withdraw an invitation; said again, it changes nothing.

        Raises:
            InvalidTransition: it was accepted.
        """
        row = await self.get(row_id, lock=True)
        if row.status == InvitationStatus.ACCEPTED:
            raise InvalidTransition("The invitation was accepted.", current_status=row.status)
        if row.status != InvitationStatus.REVOKED:
            before, row.status = row.status, InvitationStatus.REVOKED
            await self.rows.save(row)
            self.uow.audit(
                "revoked", self.noun, row.id, before={"status": before}, after={"status": row.status}
            )
        self.uow.tag(row.version)
        return InvitationOut.of(row, self.uow.now)

    async def _refuse_member(self, email: str) -> None:
        tenant_id = self.uow.tenant_id
        await self.uow.enter_platform()
        user = await UserRepository(self.uow).by_email(email)
        belongs = user is not None and await MemberRepository(self.uow).belongs(user.id, tenant_id)
        await self.uow.enter_tenant(tenant_id)
        if belongs and user is not None:
            raise AlreadyMember("This person is a member already.", user_id=str(user.id))

    async def _send(self, row: Invitation) -> None:
        tenant = await TenantRepository(self.uow).get(row.tenant_id)
        assert tenant is not None
        self.uow.emit(
            InvitationSent(
                invitation_id=row.id,
                serial=row.serial,
                company_id=row.tenant_id,
                company_name=tenant.name,
                email=row.email,
                invited_by_name=row.invited_by_name,
                locale=row.locale,
                expires_at=row.expires_at,
            )
        )

    @property
    def _life(self) -> timedelta:
        return timedelta(seconds=self.uow.context.settings.invitation_seconds)


class InvitationLinks:
    """The addresses in mails; in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def reveal(self, row_id: UUID, email: str) -> str:
        """The address behind an invitation, for the mail that is being sent to this recipient.

        Raises:
            NotFound: it is good no more, or goes to somebody else.
        """
        row = await InvitationRepository(self.uow).get(row_id)
        is_good = row is not None and row.status == InvitationStatus.PENDING and row.expires_at > self.uow.now
        if row is None or not is_good or row.email != email.strip().lower():
            raise NotFound("There is no such invitation.", resource="invitation")
        pattern: str = self.uow.context.settings.invitation_url
        token = token_of(self.uow.context.keyring, row.id, row.serial)
        base = self.uow.context.common.public_url.rstrip("/")
        return pattern.replace("{public_url}", base).replace("{token}", token)


def _name(actor: Actor) -> str | None:
    return actor.name or actor.email
