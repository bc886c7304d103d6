"""The rules of messages."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from services.notifications.announcements.kinds import KINDS
from services.notifications.announcements.target import Target
from services.notifications.deliveries.service import DeliveryService, NewDelivery
from services.notifications.devices.repository import DeviceRepository
from services.notifications.messages.errors import NoText, Unreachable
from services.notifications.messages.schemas import MessageSend
from services.notifications.recipients.service import RecipientService
from services.notifications.templates.html import html_of, page_of
from services.notifications.templates.texts import Filled, TextBook, one_line

KIND = "message"


class MessageService:
    """Sends single messages."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.deliveries = DeliveryService(uow)

    async def send(self, body: MessageSend) -> dict[str, Any]:
        """Start the deliveries of one message.

        Raises:
            Unreachable: the person has no address or device, or is not a member.
        """
        target = await self._target(body)
        filled = await self._text(body, target)
        message_id = new_id()
        started = await self.deliveries.start(
            [
                NewDelivery(
                    channel=body.channel,
                    type=body.type or KIND,
                    recipient=address,
                    user_id=target.user_id,
                    subject=filled.subject,
                    text=filled.text,
                    html=filled.html,
                    data={"company_id": str(self.uow.tenant_id), "type": body.type or KIND},
                    dedupe_key=f"message:{message_id}:{n}",
                )
                for n, address in enumerate(await self._addresses(body, target))
            ]
        )
        self.uow.audit("sent", "message", message_id, after={"channel": body.channel, "type": body.type})
        return {
            "deliveries": [
                {"id": delivery_id, "channel": body.channel, "status": "pending"} for delivery_id in started
            ]
        }

    async def _target(self, body: MessageSend) -> Target:
        if body.to_email is not None:
            return Target(email=body.to_email)
        user_id: UUID = body.to_user_id  # type: ignore[assignment]
        found = (await RecipientService(self.uow).known([user_id])).get(user_id)
        if found is None or not found.active:
            raise Unreachable("There is no such member.")
        return Target.of(found)

    async def _addresses(self, body: MessageSend, target: Target) -> list[str]:
        if body.channel == "email":
            found = [target.email] if target.email else []
        else:
            devices = await DeviceRepository(self.uow).of_users([target.user_id] if target.user_id else [])
            found = [device.token for rows in devices.values() for device in rows]
        if not found:
            raise Unreachable("The member has no address or device for this channel.")
        return found

    async def _text(self, body: MessageSend, target: Target) -> Filled:
        locale = body.locale or target.locale
        if body.type is not None:
            if body.channel not in KINDS[body.type].channels:
                raise NoText(f"{body.type} does not come over {body.channel}.")
            book = await TextBook.load(self.uow, body.type, [locale])
            return book.fill(body.channel, locale, {"name": target.name, **body.variables})
        subject, text = one_line(body.subject or ""), body.text or ""
        if body.channel != "email":
            return Filled(subject, text, None)
        page = body.html or page_of(html_of(text), language=locale, title=subject)
        return Filled(subject, text, page)
