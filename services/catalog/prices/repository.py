"""All SQL of prices."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.catalog.prices.models import PriceRecord


class PriceRepository(Repository[PriceRecord]):
    """Prices of one tenant, or of one of its variants."""

    model = PriceRecord

    def __init__(self, uow: UnitOfWork, variant_id: UUID | None = None) -> None:
        super().__init__(uow)
        self._variant_id = variant_id

    def visible(self) -> list[ColumnElement[bool]]:
        """Only those of the variant, where there is one."""
        return [] if self._variant_id is None else [PriceRecord.variant_id == self._variant_id]

    async def present(self, variant_id: UUID) -> PriceRecord | None:
        """The newest price of a variant."""
        statement = (
            self.select()
            .where(PriceRecord.variant_id == variant_id)
            .order_by(PriceRecord.created_at.desc(), PriceRecord.id.desc())
            .limit(1)
        )
        rows: Any = await self.session.execute(statement)
        found: PriceRecord | None = rows.scalar_one_or_none()
        return found
