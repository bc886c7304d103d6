"""Mail that stays here: without an SMTP server, mails are kept where the API shows them."""

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert

from services.notifications.channels.base import Outgoing
from services.notifications.channels.mail import build_mail
from services.notifications.mailbox.models import MailboxMessage

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext


class MailboxChannel:
    """Keeps each mail once."""

    def __init__(self, context: "ServiceContext") -> None:
        self._context = context

    async def send(self, outgoing: Outgoing) -> str:
        """Keep one mail and return its `Message-ID`."""
        now = self._context.clock.now()
        mail = build_mail(outgoing, sender=self._context.settings.smtp_from, now=now)
        async with self._context.unit_of_work(tenant_id=outgoing.tenant_id) as uow:
            statement = insert(MailboxMessage).values(
                tenant_id=outgoing.tenant_id,
                id=outgoing.delivery_id,
                sender=str(mail["From"]),
                recipient=outgoing.recipient.lower(),
                subject=str(mail["Subject"]),
                text=outgoing.text,
                html=outgoing.html,
                message_id=str(mail["Message-ID"]),
                created_at=now,
                updated_at=now,
            )
            await uow.session.execute(statement.on_conflict_do_nothing())
        return str(mail["Message-ID"])
