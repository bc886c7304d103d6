"""Who may review: by a permission of one's own, or by a right that another of the staff has handed on."""

from dataclasses import dataclass
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID, ActorKind
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import PermissionDenied
from services.identity.members.repository import MemberRepository
from services.identity.registrations.models import Registration
from services.identity.registrations.reviews.errors import OwnRegistration
from services.identity.registrations.reviews.repository import DelegationRepository, maker_of, staff_may

DECIDE = "identity.registrations.decide"
READ = "identity.registrations.read"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who really acts, and whose rights he may use: his own, or those handed on to him."""

    id: UUID
    rights_of: tuple[UUID, ...]

    @property
    def on_behalf_of_id(self) -> UUID | None:
        """Whose right it is where it is not his own."""
        return None if self.id in self.rights_of else self.rights_of[0]


class Rights:
    """Asked in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def reviewer(self) -> Reviewer:
        """The caller as a reviewer.

        Raises:
            PermissionDenied: he is none.
        """
        actor = self.uow.actor
        # Who acts as another, or by a key that he made, is himself here, or one person would be two.
        really = actor.acting_user_id or actor.user_id
        if really is None and actor.key_id is not None:
            really = await maker_of(self.uow, actor.key_id)
        if really is not None:
            if actor.may(DECIDE):
                return Reviewer(really, (really,))
            if rights := await self._handed_on():
                return Reviewer(really, rights)
        raise PermissionDenied(f"This needs the permission {DECIDE}.", required_permission=DECIDE)

    async def may_read(self) -> bool:
        """Whether the caller sees the applications of all businesses."""
        return self.uow.actor.may(READ) or bool(await self._handed_on())

    async def check_not_own(self, registration: Registration, *people: UUID) -> None:
        """Refuse the applicant, and whoever belongs to the business that applies.

        Raises:
            OwnRegistration: it is one of these.
        """
        actor = self.uow.actor
        members = MemberRepository(self.uow)
        for person in {*people, *([actor.user_id] if actor.user_id else [])}:
            if person == registration.owner_user_id or await members.belongs(person, registration.tenant_id):
                raise OwnRegistration("Nobody reviews an application of his own.", required_permission=DECIDE)

    async def _handed_on(self) -> tuple[UUID, ...]:
        actor = self.uow.actor
        if actor.kind is not ActorKind.USER or actor.user_id is None or actor.acting_user_id is not None:
            return ()
        if actor.tenant_id != OPERATOR_TENANT_ID:
            return ()
        found = [row.from_user_id for row in await DelegationRepository(self.uow).to(actor.user_id)]
        # A right that its owner has lost is nobody's.
        return tuple(
            [user_id for user_id in dict.fromkeys(found) if await staff_may(self.uow, user_id, DECIDE)]
        )
