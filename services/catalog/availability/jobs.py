"""The timed work of availability."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.catalog.availability.models import AvailabilityChange
from services.catalog.availability.repository import AvailabilityRepository
from services.catalog.products.models import Product

BATCH = 1000


def waiting(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `renew_availability` finds."""
    changed = select(AvailabilityChange.product_id.label("id")).limit(1).subquery()
    unknown = select(Product.id.label("id")).where(Product.is_sellable.is_(None)).limit(1).subquery()
    return select(union_all(select(changed.c.id), select(unknown.c.id)).subquery().c.id)


async def renew_availability(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Let products say whether they can be bought, where that changed or was never said; a bounded batch."""
    rows = AvailabilityRepository(uow)
    products = await rows.take_changes(BATCH) | await rows.unknown(BATCH)
    if products:
        await rows.renew(products)
