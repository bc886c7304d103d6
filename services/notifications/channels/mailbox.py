"""Mail that stays here: without an SMTP server, mails are kept where the API shows them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from libs.common.db.bulk import bulk_insert, execute_bulk
from libs.common.db.direct import Direct
from services.notifications.channels.base import Outgoing, PermanentFailure
from services.notifications.channels.mail import as_read, from_address, message_id, to_address
from services.notifications.deliveries.late_link import LINK_ID
from services.notifications.mailbox.models import MailboxMessage

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

_COLUMNS = (
    "tenant_id",
    "id",
    "sender",
    "recipient",
    "subject",
    "text",
    "html",
    "message_id",
    "has_link",
    "created_at",
    "updated_at",
    "version",
)
_KEEP = Direct(bulk_insert(MailboxMessage, _COLUMNS).on_conflict_do_nothing())


class MailboxChannel:
    """Keeps each mail once."""

    def __init__(self, context: "ServiceContext") -> None:
        self._context = context

    async def send(self, outgoing: Outgoing) -> str:
        """Keep one mail and return its `Message-ID`."""
        [came] = await self.send_many([outgoing])
        if isinstance(came, Exception):
            raise came
        return came

    async def send_many(self, outgoing: Sequence[Outgoing]) -> list[str | Exception]:
        """Keep mails of one business in one transaction."""
        answers: list[str | Exception] = []
        rows = []
        for one in outgoing:
            try:
                row = self._row(one)
            except PermanentFailure as error:
                answers.append(error)
            else:
                rows.append(row)
                answers.append(str(row["message_id"]))
        if rows:
            async with self._context.unit_of_work(tenant_id=outgoing[0].tenant_id) as uow:
                await execute_bulk(uow, _KEEP, rows)
        return answers

    def _row(self, outgoing: Outgoing) -> dict[str, Any]:
        now = self._context.clock.now()
        sender = self._context.settings.smtp_from
        to_address(outgoing.recipient)
        return {
            "tenant_id": outgoing.tenant_id,
            "id": outgoing.delivery_id,
            "sender": str(from_address(sender)),
            "recipient": outgoing.recipient.lower(),
            "subject": as_read(outgoing.subject),
            "text": outgoing.text,
            "html": outgoing.html,
            "message_id": message_id(outgoing, sender),
            "has_link": LINK_ID in outgoing.data,
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
