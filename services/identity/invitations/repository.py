"""All SQL of invitations."""

from datetime import datetime

from sqlalchemy import select, tuple_, update
from sqlalchemy.exc import IntegrityError

from libs.common.db.repository import Repository
from services.identity.invitations.errors import AlreadyInvited
from services.identity.invitations.models import Invitation, InvitationStatus
from services.identity.roles.catalogue import CLIENT


class InvitationRepository(Repository[Invitation]):
    """Invitations of one tenant; in the platform scope those of all."""

    model = Invitation

    async def pending(self, email: str) -> Invitation | None:
        """The invitation of an address that waits for an answer, locked."""
        return await self.find(
            Invitation.email == email, Invitation.status == InvitationStatus.PENDING, lock=True
        )

    async def add(self, row: Invitation) -> Invitation:
        """Insert an invitation.

        Raises:
            AlreadyInvited: somebody else has invited the address this very moment.
        """
        try:
            async with self.session.begin_nested():
                return await super().add(row)
        except IntegrityError as error:
            if "uq_invitations_pending" in str(error.orig):
                raise AlreadyInvited("This address is invited already.") from None
            raise

    async def count_pending(self, now: datetime, most: int) -> int:
        """How many are asked to work here and have not answered, counted up to a number."""
        rows = await self.find_all(
            Invitation.status == InvitationStatus.PENDING,
            Invitation.expires_at > now,
            Invitation.roles != [CLIENT],
            limit=most,
        )
        return len(rows)

    async def expire(self, now: datetime, limit: int) -> None:
        """Note which have expired; in the platform scope."""
        old = (
            select(Invitation.tenant_id, Invitation.id)
            .where(Invitation.status == InvitationStatus.PENDING, Invitation.expires_at <= now)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = [tuple(row) for row in (await self.session.execute(old)).all()]
        if found:
            statement = update(Invitation).where(tuple_(Invitation.tenant_id, Invitation.id).in_(found))
            changes = {
                "status": InvitationStatus.EXPIRED,
                "version": Invitation.version + 1,
                "updated_at": now,
            }
            await self.session.execute(
                statement.values(**changes).execution_options(synchronize_session=False)
            )
