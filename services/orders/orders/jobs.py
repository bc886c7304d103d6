"""Timed work on orders."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.orders.orders.models import Order
from services.orders.orders.repository import OrderRepository
from services.orders.orders.service import OrderService
from services.orders.orders.states import OrderStatus

_BATCH = 500


def expiring(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `expire_orders` finds."""
    return select(Order.id).where(Order.status == OrderStatus.PLACED, Order.reserved_until <= now)


def completing(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `complete_orders` finds."""
    after = timedelta(seconds=context.settings.complete_after(context.common))
    return select(Order.id).where(Order.status == OrderStatus.DELIVERED, Order.delivered_at <= now - after)


async def expire_orders(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Let placed orders lapse whose reservation has run out."""
    orders = OrderService(uow)
    for order in await OrderRepository(uow).lock_due(uow.now, _BATCH):
        await orders.expire(order)


async def complete_orders(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Complete orders that were delivered long enough ago."""
    before = uow.now - timedelta(seconds=uow.context.settings.complete_after(uow.context.common))
    orders = OrderService(uow)
    for order in await OrderRepository(uow).lock_delivered(before, _BATCH):
        await orders.finish(order)
