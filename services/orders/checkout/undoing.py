"""What makes up for a checkout that failed half-way; each step runs after the unit of work rolled back."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.upstreams import UpstreamProblem
from services.orders.aftermath import Step
from services.orders.carts.models import CartStatus
from services.orders.carts.repository import CartRepository
from services.orders.carts.service import refresh
from services.orders.catalog import Catalog, Variant
from services.orders.checkout.errors import PriceChanged
from services.orders.orders.repository import OrderRepository
from services.orders.orders.states import OrderStatus
from services.orders.visibility import Caller

Check = Callable[[UnitOfWork], Awaitable[bool]]


def release_unless_placed(context: ServiceContext, tenant_id: UUID, order_id: UUID, is_placed: Check) -> Step:
    """Free the reservation of an order, unless it turns out to be placed after all.

    The check locks what a retry would lock, so that the stock of a retry that has just succeeded is not freed.
    """

    async def release(error: BaseException) -> None:
        if isinstance(error, UpstreamProblem) and error.upstream_status < 500:
            return  # The catalog refused: nothing is held.
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            if not await is_placed(uow):
                await Catalog(context, tenant_id).release(order_id)

    return release


def cart_is_checked_out(cart_id: UUID) -> Check:
    """Whether an order came of the cart."""

    async def check(uow: UnitOfWork) -> bool:
        cart = await CartRepository(uow, Caller(uow.actor)).get(cart_id, lock=True)
        return cart is not None and cart.status == CartStatus.CHECKED_OUT

    return check


def order_is_placed(order_id: UUID) -> Check:
    """Whether the order exists and is no draft."""

    async def check(uow: UnitOfWork) -> bool:
        order = await OrderRepository(uow).get(order_id, lock=True)
        return order is not None and order.state is not OrderStatus.DRAFT

    return check


def take_over_prices(
    context: ServiceContext, tenant_id: UUID, cart_id: UUID, variants: Mapping[UUID, Variant]
) -> Step:
    """Give a cart the prices that the catalog has now, so that its next checkout succeeds."""

    async def take_over(error: BaseException) -> None:
        if not isinstance(error, PriceChanged):
            return
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            rows = CartRepository(uow, Caller(uow.actor))
            cart = await rows.get(cart_id, lock=True)
            if cart is None or cart.status != CartStatus.OPEN:
                return
            for item in cart.items:
                if item.variant_id in variants:
                    refresh(item, variants[item.variant_id])
            await rows.save(cart)

    return take_over
