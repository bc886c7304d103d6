"""The rules of templates."""

from typing import Any
from uuid import UUID

from libs.common.errors import ValidationFailed
from libs.common.ids import new_id
from libs.common.resource import ResourceService
from services.notifications.announcements.kinds import KINDS, ChannelName
from services.notifications.deliveries.service import DeliveryService, NewDelivery
from services.notifications.templates.builtin import builtin_sources
from services.notifications.templates.language import check
from services.notifications.templates.models import Template
from services.notifications.templates.repository import TemplateRepository
from services.notifications.templates.samples import SAMPLE
from services.notifications.templates.schemas import Preview, TemplateTest
from services.notifications.templates.texts import Filled, fill


class TemplateService(ResourceService[Template]):
    """A business's own texts."""

    repository = TemplateRepository
    noun = "template"

    async def prepare(self, values: dict[str, Any], row: Template | None) -> dict[str, Any]:
        """Check the sources, and that the kind comes over the channel."""

        def final(name: str) -> Any:
            return values[name] if name in values else getattr(row, name, None)

        for name in ("subject", "text", "html"):
            if values.get(name):
                check(values[name])
        if final("channel") not in KINDS[final("type")].channels:
            raise ValidationFailed(f"{final('type')} does not come over {final('channel')}.")
        if final("html") and final("channel") != ChannelName.EMAIL:
            raise ValidationFailed("Only mails have an HTML part.")
        if "channel" in values:
            values["channel"] = str(values["channel"])
        return values

    def builtin(self) -> dict[str, Any]:
        """The texts that come with the service."""
        return {"items": list(builtin_sources().values())}

    async def preview(self, template_id: UUID, body: Preview) -> Filled:
        """Fill in a text without sending it."""
        row = await self.get(template_id)
        values = SAMPLE if body.variables is None else body.variables
        return fill(row, values, channel=row.channel, locale=row.locale)

    async def test(self, template_id: UUID, body: TemplateTest) -> dict[str, Any]:
        """Send a filled-in text as a mail, whatever its channel."""
        row = await self.get(template_id)
        to = body.to or self.uow.actor.email
        if to is None:
            raise ValidationFailed("Name an address: you have none.")
        values = SAMPLE if body.variables is None else body.variables
        filled = fill(row, values, channel=ChannelName.EMAIL, locale=row.locale)
        delivery = NewDelivery(
            channel=ChannelName.EMAIL,
            type=row.type,
            recipient=to,
            user_id=None,
            subject=filled.subject,
            text=filled.text,
            html=filled.html,
            dedupe_key=f"test:{new_id()}",
        )
        [delivery_id] = await DeliveryService(self.uow).start([delivery])
        self.uow.audit("tested", self.noun, row.id, after={"delivery_id": str(delivery_id)})
        return {"delivery_id": delivery_id}
