"""What every channel must do, run against each of them."""

from uuid import UUID

import pytest

from libs.common.ids import new_id
from services.notifications.channels.base import Channel, Outgoing, PermanentFailure


def outgoing(recipient: str, tenant_id: UUID | None = None, **changes: object) -> Outgoing:
    """A message to a recipient."""
    fields: dict[str, object] = {
        "delivery_id": new_id(),
        "tenant_id": tenant_id or new_id(),
        "recipient": recipient,
        "subject": "Заказ 1001",
        "text": "Thank you\nfor your order",
        "html": "<p>Thank you</p>",
    }
    return Outgoing(**{**fields, **changes})  # type: ignore[arg-type]


class ChannelSuite:
    """Fixtures `channel`, `good` and `gone` say which channel and which recipients."""

    async def test_a_message_is_taken_and_has_an_id(self, channel: Channel, good: str) -> None:
        assert await channel.send(outgoing(good))

    async def test_two_messages_have_two_ids(self, channel: Channel, good: str) -> None:
        assert await channel.send(outgoing(good)) != await channel.send(outgoing(good))

    async def test_a_recipient_that_is_gone_fails_for_good(self, channel: Channel, gone: str) -> None:
        with pytest.raises(PermanentFailure) as failure:
            await channel.send(outgoing(gone))
        assert failure.value.is_gone

    async def test_after_a_failure_others_are_served(self, channel: Channel, good: str, gone: str) -> None:
        with pytest.raises(PermanentFailure):
            await channel.send(outgoing(gone))
        assert await channel.send(outgoing(good))
