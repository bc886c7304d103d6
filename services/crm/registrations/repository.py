"""All SQL of registrations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.catalog import ProductAssigned
from services.crm.registrations.models import AssignedProduct


class AssignedProductRepository:
    """The products that businesses were given."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session = uow.session

    async def get(self, company_id: UUID, code: str) -> AssignedProduct | None:
        """The product that a business was given for a code: of this SKU, else what it was asked for as."""
        has_sku = AssignedProduct.sku == code
        statement = (
            select(AssignedProduct)
            .where(
                AssignedProduct.tenant_id == self.uow.tenant_id,
                AssignedProduct.company_id == company_id,
                or_(has_sku, AssignedProduct.asked == code),
            )
            .order_by(has_sku.desc(), AssignedProduct.assigned_at.desc())
            .limit(1)
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def put(self, event: ProductAssigned, at: datetime) -> None:
        """Write what a business was given, unless a later event wrote before."""
        statement = insert(AssignedProduct).values(
            tenant_id=self.uow.tenant_id,
            company_id=event.company_id,
            sku=event.sku,
            asked=event.asked,
            product_id=event.product_id,
            name=event.name,
            price_minor=event.price.amount,
            currency=event.price.currency,
            assigned_at=at,
        )
        changed = ("asked", "product_id", "name", "price_minor", "currency", "assigned_at")
        await self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "company_id", "sku"],
                set_={name: statement.excluded[name] for name in changed},
                where=AssignedProduct.assigned_at <= statement.excluded.assigned_at,
            )
        )
