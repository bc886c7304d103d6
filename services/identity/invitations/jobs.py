"""Timed work on invitations."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.invitations.models import Invitation, InvitationStatus
from services.identity.invitations.repository import InvitationRepository

_BATCH = 1_000


def expiring(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `expire_invitations` finds."""
    return select(Invitation.id).where(
        Invitation.status == InvitationStatus.PENDING, Invitation.expires_at <= now
    )


async def expire_invitations(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Note which invitations nobody has answered in time."""
    await InvitationRepository(uow).expire(uow.now, _BATCH)
