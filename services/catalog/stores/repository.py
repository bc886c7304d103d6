"""All SQL of stores."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import exists, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.ids import new_id
from services.catalog.stock.models import StockLevel
from services.catalog.stores.models import Store


class StoreRepository(Repository[Store]):
    """Stores of one tenant."""

    model = Store

    async def default(self) -> Store | None:
        """The default store, if there is one yet."""
        return await self.find(Store.is_default.is_(True))

    async def add_default(self, name: str) -> UUID | None:
        """Insert the default store unless there is one; its id when it was inserted."""
        statement = (
            insert(Store)
            .values(
                tenant_id=self.uow.tenant_id,
                id=new_id(),
                name=name,
                is_default=True,
                created_at=self.uow.now,
                updated_at=self.uow.now,
            )
            .on_conflict_do_nothing(
                index_elements=["tenant_id"],
                index_where=literal_column("is_default AND deleted_at IS NULL"),
            )
            .returning(Store.id)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def unset_default(self, but: UUID | None) -> None:
        """Take the mark off the present default store."""
        await self.session.execute(
            update(Store)
            .where(Store.tenant_id == self.uow.tenant_id, Store.is_default.is_(True), Store.id != but)
            .values(is_default=False, version=Store.version + 1, updated_at=self.uow.now)
        )

    async def has_stock(self, store_id: UUID) -> bool:
        """Whether any piece lies there."""
        found = exists().where(
            StockLevel.tenant_id == self.uow.tenant_id,
            StockLevel.store_id == store_id,
            StockLevel.on_hand > 0,
        )
        return bool((await self.session.execute(select(found))).scalar_one())

    async def keep(self, store_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the stores that exist; they cannot be deleted until the transaction ends."""
        statement = (
            self.select()
            .with_only_columns(Store.id)
            .where(Store.id.in_(set(store_ids)))
            .order_by(Store.id)
            .with_for_update(read=True, key_share=True)
        )
        return set((await self.session.execute(statement)).scalars())
