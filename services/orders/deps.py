"""The aliases that orders routers use in their signatures."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.deps import Requirement, Uow, actor_of, provide
from services.orders.aftermath import Aftermath
from services.orders.carts.service import CartService
from services.orders.checkout.service import CheckoutService
from services.orders.orders.service import OrderService
from services.orders.shipments.service import ShipmentService
from services.orders.shipping.service import ShippingAccountService, ShippingService
from services.orders.tax_rates.service import TaxRateService
from services.orders.visibility import Caller, token_hash

S = TypeVar("S")


async def get_caller(
    request: Request,
    cart_token: Annotated[
        str | None,
        Header(
            alias="X-Cart-Token",
            max_length=200,
            description="The `token` of a cart, for guests and for claiming",
        ),
    ] = None,
) -> Caller:
    """The actor with the cart token it sent."""
    return Caller(actor_of(request), token_hash(cart_token) if cart_token else None)


CurrentCaller = Annotated[Caller, Depends(get_caller)]


def provide_scoped(kind: Callable[[UnitOfWork, Caller], S]) -> Callable[..., Awaitable[S]]:
    """A dependency that makes a service over the request's unit of work and ownership scope."""

    async def make(uow: Uow, caller: CurrentCaller) -> S:
        return kind(uow, caller)

    return make


async def get_aftermath() -> AsyncIterator[Aftermath]:
    """An aftermath that encloses the unit of work: name it before the service in the endpoint's signature."""
    aftermath = Aftermath()
    try:
        yield aftermath
    except BaseException as error:
        await aftermath.run(error)
        raise


class OrAnyoneWithToken(Requirement):
    """The permission, or else a cart token: the rows that it opens are all its bearer sees."""

    async def __call__(self, request: Request) -> Any:
        """Check the actor, and return it."""
        actor = actor_of(request)
        if actor.is_anonymous and actor.tenant_id is not None and "x-cart-token" in request.headers:
            return actor
        return await super().__call__(request)


After = Annotated[Aftermath, Depends(get_aftermath, scope="function")]
Carts = Annotated[CartService, Depends(provide_scoped(CartService), scope="function")]
Checkout = Annotated[CheckoutService, Depends(provide_scoped(CheckoutService), scope="function")]
Orders = Annotated[OrderService, Depends(provide_scoped(OrderService), scope="function")]
Shipments = Annotated[ShipmentService, Depends(provide_scoped(ShipmentService), scope="function")]
Shipping = Annotated[ShippingService, Depends(provide(ShippingService), scope="function")]
ShippingAccounts = Annotated[
    ShippingAccountService, Depends(provide(ShippingAccountService), scope="function")
]
TaxRates = Annotated[TaxRateService, Depends(provide(TaxRateService), scope="function")]
