"""Timed work on carts."""

from datetime import timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.orders.carts.repository import CartRepository
from services.orders.visibility import Caller

_BATCH = 1000


async def abandon_carts(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Mark open carts that nobody has touched for `ORDERS_ABANDONED_DAYS` days."""
    before = uow.now - timedelta(days=uow.context.settings.abandoned_days)
    await CartRepository(uow, Caller(uow.actor)).abandon_idle(before, _BATCH)
