"""All SQL of subscriptions."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from services.identity.subscriptions.models import Subscription, SubscriptionStatus


class SubscriptionRepository(Repository[Subscription]):
    """The subscriptions of businesses; in the platform scope."""

    model = Subscription

    async def of(self, tenant_id: UUID) -> Subscription | None:
        """The subscription of a business, if it has one yet."""
        return await self.find(Subscription.tenant_id == tenant_id, Subscription.id == tenant_id)

    async def locked(self, tenant_id: UUID, plan: str) -> Subscription:
        """The subscription of a business, FOR UPDATE; made with a plan where there is none yet."""
        now = self.uow.now
        made = insert(Subscription).values(
            tenant_id=tenant_id,
            id=tenant_id,
            plan=plan,
            status=SubscriptionStatus.ACTIVE,
            tried=[],
            created_at=now,
            updated_at=now,
            version=1,
        )
        await self.session.execute(made.on_conflict_do_nothing())
        found = await self.find(Subscription.tenant_id == tenant_id, Subscription.id == tenant_id, lock=True)
        assert found is not None
        return found

    async def due(self, limit: int) -> list[Subscription]:
        """Subscriptions of which something has ended, locked; those that somebody else works on are left out."""
        statement = select(Subscription).where(Subscription.due_at <= self.uow.now)
        locked = statement.order_by(Subscription.due_at).limit(limit).with_for_update(skip_locked=True)
        return list((await self.session.execute(locked)).scalars())
