"""All SQL of order contacts."""

from collections.abc import Iterable
from uuid import UUID

from libs.common.db.bulk import bulk_insert, bulk_values
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.orders import OrderPlaced
from services.notifications.order_contacts.models import OrderContact

_COLUMNS = ("tenant_id", "order_id", "number", "email", "customer_user_id", "customer_name")
_PUT = Direct(bulk_insert(OrderContact, _COLUMNS).on_conflict_do_nothing())


class OrderContactRepository:
    """Order contacts of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    def put(self, events: Iterable[OrderPlaced]) -> None:
        """Keep what placed orders say with the next flush; each is placed once."""
        rows = (
            {
                "tenant_id": self.uow.tenant_id,
                "order_id": event.order_id,
                "number": event.number,
                "email": event.email,
                "customer_user_id": event.customer_user_id,
                "customer_name": event.customer_name,
            }
            for event in events
        )
        self.uow.write(_PUT, bulk_values(rows))

    async def get(self, order_id: UUID) -> OrderContact | None:
        """The customer of an order, or None while it is unknown."""
        return await self.uow.session.get(OrderContact, (self.uow.tenant_id, order_id))
