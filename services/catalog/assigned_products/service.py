"""The rules of assigned products."""

from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.failures import RetryLater
from libs.contracts.catalog import ProductAssigned
from services.catalog.assigned_products.repository import AssignedProductRepository
from services.catalog.assigned_products.schemas import AssignedProductQuery

DEFAULT_PRODUCT = "micro-sites"


class AssignedProductService:
    """The operator's products that businesses have. Works in the operator tenant, whoever asks."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def list(self, query: AssignedProductQuery) -> dict[str, Any]:
        """One page: of all businesses for the operator's staff, of its own for any other business."""
        asking = self.uow.tenant_id
        await self.uow.enter_tenant(OPERATOR_TENANT_ID)
        only = None if asking == OPERATOR_TENANT_ID else asking
        rows, cursor = await AssignedProductRepository(self.uow, only).page(query)
        return {"items": rows, "next_cursor": cursor}

    async def assign(self, company_id: UUID, code: str) -> None:
        """Give a business a product by its code, or the default one where there is no such code; once.

        Raises:
            RetryLater: the operator offers not even the default one (yet).
        """
        await self.uow.enter_tenant(OPERATOR_TENANT_ID)
        rows = AssignedProductRepository(self.uow)
        found = await rows.offer(code) or await rows.offer(DEFAULT_PRODUCT)
        if found is None:
            raise RetryLater("The operator offers no default product.")
        variant, product = found
        facts = {"product_id": product.id, "sku": variant.sku, "name": product.name}
        price = {"price_amount": variant.price_amount, "price_currency": variant.price_currency}
        if await rows.assign(company_id, facts | price):
            self.uow.emit(ProductAssigned(company_id=company_id, price=variant.price, asked=code, **facts))

    async def restore(self, company_id: UUID, code: str, run: int) -> None:
        """See that an approved business has its product: as `assign`, and what was revoked before this run is its again.

        Raises:
            RetryLater: the operator offers not even the default one (yet).
        """
        await self.assign(company_id, code)
        await AssignedProductRepository(self.uow).restore(company_id, run)

    async def revoke(self, company_id: UUID, run: int | None) -> None:
        """Take back what a business was given when it applied, unless a later run than this has set it up since.

        Raises:
            RetryLater: its application has not been heard of yet.
        """
        await self.uow.enter_tenant(OPERATOR_TENANT_ID)
        if not await AssignedProductRepository(self.uow).revoke(company_id, run):
            raise RetryLater("The registration was not handled yet.")
