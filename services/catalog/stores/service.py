"""The rules of stores."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import AlreadyExists
from libs.common.resource import ResourceService
from libs.contracts.catalog import StoreCreated
from services.catalog.locks import hold
from services.catalog.stores.errors import DefaultStoreNeeded, StoreNotEmpty
from services.catalog.stores.models import Store
from services.catalog.stores.repository import StoreRepository

DEFAULT_NAME = "Main warehouse"


class StoreService(ResourceService[Store]):
    """The warehouses of a business, one of them the default."""

    repository = StoreRepository
    noun = "store"
    rows: StoreRepository

    async def create(self, body: BaseModel) -> Store:
        """Add a store."""
        await self._hold_the_default()
        store = await super().create(body)
        self._announce(store.id, store.name, store.is_default)
        return store

    async def update(self, row_id: UUID, body: BaseModel) -> Store:
        """Change a store."""
        await self._hold_the_default()
        return await super().update(row_id, body)

    async def make_default(self) -> None:
        """Give a new business its first store, once."""
        store_id = await self.rows.add_default(DEFAULT_NAME)
        if store_id is not None:
            self._announce(store_id, DEFAULT_NAME, True)

    async def prepare(self, values: dict[str, Any], row: Store | None) -> dict[str, Any]:
        """See that the code is free and that one store is the default.

        Raises:
            DefaultStoreNeeded: the default store is to lose its mark without another getting it.
        """
        if values.get("code") is not None:
            taken = await self.rows.find(Store.code == values["code"])
            if taken is not None and (row is None or taken.id != row.id):
                raise AlreadyExists("Another store has this code.", field="code")
        if row is None and await self.rows.default() is None:
            values["is_default"] = True
        elif values.get("is_default"):
            await self.rows.unset_default(row.id if row else None)
        elif row is not None and row.is_default and "is_default" in values:
            raise DefaultStoreNeeded("Make another store the default instead.")
        return values

    async def before_delete(self, row: Store) -> None:
        """Refuse for the default store and for one with stock in it.

        Raises:
            DefaultStoreNeeded, StoreNotEmpty: it is one of these.
        """
        if row.is_default:
            raise DefaultStoreNeeded("Make another store the default first.")
        if await self.rows.has_stock(row.id):
            raise StoreNotEmpty("Transfer or write off what lies there first.")

    async def _hold_the_default(self) -> None:
        await hold(self.uow, "default-store")

    def _announce(self, store_id: UUID, name: str, is_default: bool) -> None:
        self.uow.emit(StoreCreated(store_id=store_id, name=name, is_default=is_default))
