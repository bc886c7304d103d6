"""Timed work on orders."""

from datetime import timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.orders.orders.repository import OrderRepository
from services.orders.orders.service import OrderService

_BATCH = 500


async def expire_orders(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Let placed orders lapse whose reservation has run out."""
    orders = OrderService(uow)
    for order in await OrderRepository(uow).lock_due(uow.now, _BATCH):
        orders.expire(order)


async def complete_orders(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Complete orders that were delivered long enough ago."""
    before = uow.now - timedelta(seconds=uow.context.settings.complete_after(uow.context.common))
    orders = OrderService(uow)
    for order in await OrderRepository(uow).lock_delivered(before, _BATCH):
        orders.finish(order)
