"""The rules of handing on one's right to review, in the operator's tenant."""

from datetime import timedelta
from uuid import UUID

from libs.common.errors import PermissionDenied, ValidationFailed
from libs.common.resource import ResourceService
from services.identity.members.repository import MemberRepository
from services.identity.registrations.reviews.models import Delegation
from services.identity.registrations.reviews.repository import DelegationRepository
from services.identity.registrations.reviews.rights import DECIDE
from services.identity.registrations.reviews.schemas import DelegationCreate
from services.identity.roles.catalogue import OPERATOR_ROLES

_LONGEST = timedelta(days=90)
_ANY = "identity.registration_rules.write"


class DelegationService(ResourceService[Delegation]):
    """A reviewer hands on his own right only, never one that was handed on to him."""

    repository = DelegationRepository
    noun = "review_delegation"

    async def give(self, body: DelegationCreate) -> Delegation:
        """Let another of the staff review with the caller's right.

        Raises:
            PermissionDenied: the caller has no right of his own, or acts as somebody else.
            ValidationFailed: the other is not of the staff, or the time is not right.
        """
        actor, now = self.uow.actor, self.uow.now
        if actor.user_id is None or actor.acting_user_id is not None:
            raise PermissionDenied("A person hands on his own right.", required_permission=DECIDE)
        starts = body.starts_at or now
        if not max(starts, now) < body.ends_at <= now + _LONGEST:
            raise ValidationFailed.of("ends_at", "must be after the start and within the next 90 days")
        member = await MemberRepository(self.uow).of_user(body.to_user_id)
        if member is None or not OPERATOR_ROLES & set(member.roles) or body.to_user_id == actor.user_id:
            raise ValidationFailed.of("to_user_id", "must be somebody else of the operator's staff")
        row = await self.rows.add(
            Delegation(
                from_user_id=actor.user_id,
                to_user_id=body.to_user_id,
                starts_at=starts,
                ends_at=body.ends_at,
                reason=body.reason,
            )
        )
        self._record("created", row, None)
        self.uow.tag(row.version)
        return row

    async def end(self, delegation_id: UUID) -> None:
        """Take a right back before its time: who gave it, or an administrator.

        Raises:
            PermissionDenied: it is another's.
        """
        row = await self.get(delegation_id, lock=True)
        if row.from_user_id != self.uow.actor.user_id and not self.uow.actor.may(_ANY):
            raise PermissionDenied("It is another's to take back.", required_permission=_ANY)
        await self.delete(delegation_id)
