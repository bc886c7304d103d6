"""The rules of deliveries: the intent is written with its cause, the sending is a job after the commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from libs.common.db.direct import Row, Run, all_of
from libs.common.ids import new_id
from libs.common.resource import ResourceService
from services.notifications.deliveries.models import Delivery, DeliveryStatus
from services.notifications.deliveries.repository import DeliveryRepository

# One by one, as after a failure; and many at once, so that they share their transactions.
SEND, SEND_MANY = "send_delivery", "send_deliveries"
# A job has so many in hand at once.
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message to be sent. `suppressed` says why it is recorded but not sent."""

    channel: str
    type: str
    recipient: str
    user_id: UUID | None
    subject: str
    text: str
    html: str | None
    dedupe_key: str
    data: dict[str, str] = field(default_factory=dict)
    suppressed: str | None = None


class DeliveryService(ResourceService[Delivery]):
    """Deliveries of a business."""

    repository = DeliveryRepository
    noun = "delivery"
    rows: DeliveryRepository

    async def start(self, new: Sequence[NewDelivery]) -> list[UUID]:
        """Record deliveries and have them sent after the commit; those known by their key are left out."""
        runs = self.adding(new)
        return self.added(await all_of(self.uow, *runs)) if runs else []

    def adding(self, new: Sequence[NewDelivery]) -> list[Run]:
        """The statements of `start`, to be sent along with others; `added` takes what they give."""
        if not new:
            return []
        now = self.uow.now
        rows = [
            {
                "tenant_id": self.uow.tenant_id,
                "id": new_id(),
                "channel": str(one.channel),
                "type": one.type,
                "user_id": one.user_id,
                "recipient": one.recipient,
                "subject": one.subject,
                "text": one.text,
                "html": one.html,
                "data": one.data,
                "dedupe_key": one.dedupe_key,
                "status": str(DeliveryStatus.SUPPRESSED if one.suppressed else DeliveryStatus.PENDING),
                "attempts": 0,
                "last_error": one.suppressed,
                "due_at": now,
                "finished_at": now if one.suppressed else None,
                "created_at": now,
                "updated_at": now,
                "version": 1,
            }
            for one in new
        ]
        return [self.rows.adding(rows)]

    def added(self, found: Sequence[Sequence[Row]]) -> list[UUID]:
        """Have what was added sent after the commit; its ids."""
        added = [(row[0], row[1]) for rows in found for row in rows]
        pending = [str(delivery_id) for delivery_id, status in added if status == DeliveryStatus.PENDING]
        for start in range(0, len(pending), AT_ONCE):
            some = pending[start : start + AT_ONCE]
            self.uow.defer(SEND_MANY, key=f"{some[0]}:0", delivery_ids=some)
        return [delivery_id for delivery_id, _ in added]
