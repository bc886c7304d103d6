"""What recipients learn from identity."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import MemberAdded, MemberChanged, MemberRemoved
from services.notifications.recipients.service import RecipientService


async def on_member(
    event: MemberAdded | MemberChanged | MemberRemoved, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Keep the recipient as the latest event tells."""
    await uow.enter_tenant(event.company_id)
    service = RecipientService(uow)
    if isinstance(event, MemberRemoved):
        await service.remove(event.user_id, envelope.time)
    else:
        await service.put(event, envelope.time)
