"""Acting as the person who has just shown a password."""

from uuid import UUID

from libs.common.actor import Actor, ActorKind
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.users.models import User


def act_as(uow: UnitOfWork, user: User, session_id: UUID | None = None) -> None:
    """What is recorded from here on in this unit of work was done by this person."""
    uow.actor = Actor(
        kind=ActorKind.USER,
        user_id=user.id,
        session_id=session_id,
        email=user.email,
        name=user.name,
        tenant_id=user.home_tenant_id,
        home_tenant_id=user.home_tenant_id,
    )
