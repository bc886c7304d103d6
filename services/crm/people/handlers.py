"""What identity tells of members, written into the table of people."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import MemberAdded, MemberChanged, MemberRemoved
from services.crm.people.service import PersonService


async def on_member(event: MemberAdded | MemberChanged, uow: UnitOfWork, envelope: Envelope) -> None:
    """Remember a member as he is now."""
    await uow.enter_tenant(event.company_id)
    name = f"{event.first_name} {event.last_name}".strip() or event.email
    await PersonService(uow).remember(event.user_id, name, event.email, event.roles, envelope.time)


async def on_member_removed(event: MemberRemoved, uow: UnitOfWork, envelope: Envelope) -> None:
    """Remember that somebody left."""
    await uow.enter_tenant(event.company_id)
    await PersonService(uow).forget(event.user_id, envelope.time)
