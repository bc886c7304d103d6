"""All SQL of order contacts."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.orders import OrderPlaced
from services.notifications.order_contacts.models import OrderContact


class OrderContactRepository:
    """Order contacts of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def put(self, event: OrderPlaced) -> None:
        """Keep what a placed order says; it is placed once."""
        statement = insert(OrderContact).values(
            tenant_id=self.uow.tenant_id,
            order_id=event.order_id,
            number=event.number,
            email=event.email,
            customer_user_id=event.customer_user_id,
            customer_name=event.customer_name,
        )
        await self.uow.session.execute(statement.on_conflict_do_nothing())

    async def get(self, order_id: UUID) -> OrderContact | None:
        """The customer of an order, or None while it is unknown."""
        return await self.uow.session.get(OrderContact, (self.uow.tenant_id, order_id))
