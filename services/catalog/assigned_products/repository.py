"""All SQL of assigned products."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from services.catalog.assigned_products.models import AssignedProduct
from services.catalog.assigned_products.schemas import AssignmentStatus
from services.catalog.products.models import Product
from services.catalog.products.schemas import ProductStatus
from services.catalog.variants.models import Variant


class AssignedProductRepository(Repository[AssignedProduct]):
    """Assigned products, in the operator tenant; `only` limits lists to one business."""

    model = AssignedProduct

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        super().__init__(uow)
        self._only = only

    def visible(self) -> list[ColumnElement[bool]]:
        """Those of the one business, where there is one."""
        return [] if self._only is None else [AssignedProduct.company_id == self._only]

    async def offer(self, code: str) -> Any | None:
        """The priced variant and its product that an active product's slug or SKU names, the SKU first."""
        statement = (
            select(Variant, Product)
            .join(Product, and_(Product.tenant_id == Variant.tenant_id, Product.id == Variant.product_id))
            .where(
                Variant.tenant_id == self.uow.tenant_id,
                or_(Variant.sku == code, Product.slug == code),
                Variant.deleted_at.is_(None),
                Variant.price_amount.is_not(None),
                Product.deleted_at.is_(None),
                Product.status == ProductStatus.ACTIVE,
            )
            .order_by(case((Variant.sku == code, 0), else_=1), Variant.position, Variant.id)
            .limit(1)
        )
        return (await self.session.execute(statement)).one_or_none()

    async def assign(self, company_id: UUID, values: dict[str, Any]) -> bool:
        """Insert an assignment; False when the business has the product already."""
        statement = (
            insert(AssignedProduct)
            .values(
                tenant_id=self.uow.tenant_id,
                id=new_id(),
                company_id=company_id,
                status=AssignmentStatus.ASSIGNED,
                assigned_at=self.uow.now,
                created_at=self.uow.now,
                updated_at=self.uow.now,
                **values,
            )
            .on_conflict_do_nothing()
            .returning(AssignedProduct.id)
        )
        return (await self.session.execute(statement)).scalar_one_or_none() is not None

    async def revoke(self, company_id: UUID, run: int | None) -> bool:
        """Revoke what a business has, where no run after this one gave it; False where it was never given any."""
        mine = (AssignedProduct.tenant_id == self.uow.tenant_id, AssignedProduct.company_id == company_id)
        now = AssignedProduct.run if run is None else run
        await self._change(AssignmentStatus.REVOKED, now, *mine, AssignedProduct.run <= now)
        return bool(await self.session.scalar(select(exists().where(*mine))))

    async def restore(self, company_id: UUID, run: int) -> None:
        """Give a business what it had, unless this run or a later one was heard of before."""
        await self._change(
            AssignmentStatus.ASSIGNED,
            run,
            AssignedProduct.tenant_id == self.uow.tenant_id,
            AssignedProduct.company_id == company_id,
            AssignedProduct.run < run,
        )

    async def _change(self, status: AssignmentStatus, run: Any, *where: ColumnElement[bool]) -> None:
        values = {"status": status, "run": run, "updated_at": self.uow.now}
        statement = update(AssignedProduct).where(*where)
        await self.session.execute(statement.values(**values, version=AssignedProduct.version + 1))
