"""Placing an order: stock is reserved at the prices of the cart, then order and event are one commit.

The reservation bears the order's id, and the id of a cart's order is chosen with the cart: a repeat after any failure
reserves the same stock once. What a failure leaves behind is freed at best effort, and by the catalog in time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from libs.common.db.direct import Row, Run
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound, ValidationFailed
from libs.common.failpoints import failpoint
from libs.common.ids import new_id
from libs.common.money import Money
from services.orders.aftermath import Aftermath
from services.orders.carts.models import Cart, CartStatus
from services.orders.carts.pricing import (
    Priced,
    Tariff,
    asking_for_tariff,
    cart_needs_shipping,
    price,
    tariff_from,
    wanted_of,
)
from services.orders.carts.repository import CartRepository
from services.orders.carts.service import put, refresh, require_open
from services.orders.catalog import Catalog, OfferChanged, Variant
from services.orders.checkout.building import Customer, build
from services.orders.checkout.errors import CartEmpty, PriceChanged
from services.orders.checkout.schemas import CheckoutIn, OrderCreate
from services.orders.checkout.undoing import (
    Check,
    cart_is_checked_out,
    order_is_placed,
    release_unless_placed,
    take_over_prices,
)
from services.orders.document_numbers.service import DocumentNumbers
from services.orders.errors import (
    AddressRequired,
    CurrencyMismatch,
    ShippingRequired,
    UnknownShippingMethod,
    UnknownVariant,
)
from services.orders.orders import facts
from services.orders.orders.models import Order
from services.orders.orders.service import OrderService
from services.orders.orders.states import OrderStatus, check
from services.orders.visibility import Caller


class CheckoutService:
    """Turns carts, and lists of items, into orders."""

    def __init__(self, uow: UnitOfWork, caller: Caller) -> None:
        self.uow = uow
        self.caller = caller
        self.carts = CartRepository(uow, caller)
        self.orders = OrderService(uow, caller)
        self.catalog = Catalog(uow.context, uow.tenant_id)

    def opening(self, cart_id: UUID) -> tuple[Run, ...]:
        """What locks a cart and asks for what it is priced by; `check_out` takes the answers."""
        return (*self.carts.finding(cart_id, lock=True), *asking_for_tariff(self.uow, cart_id))

    async def check_out(
        self, opened: Sequence[Sequence[Row]], body: CheckoutIn, aftermath: Aftermath
    ) -> Order:
        """Order what is in a cart. Of two tries at once the second waits, and then finds the cart checked out.

        Raises:
            NotFound: there is no such cart for the caller.
            CartNotOpen, CartEmpty, PriceChanged: the cart cannot be ordered as it is.
            AddressRequired, ShippingRequired, UnknownVariant: something is missing, or no longer for sale.
            UpstreamProblem: `insufficient-stock`, from the catalog; nothing changed.
        """
        rows, items, methods, rates = opened
        cart = self.carts.found(rows, items)
        if cart is None:
            raise NotFound("There is no such cart.", resource="cart")
        require_open(cart)
        if not cart.items:
            raise CartEmpty("Put something in first.")
        customer = Customer(
            email=self._email(body, cart),
            user_id=cart.customer_user_id,
            name=body.customer_name or (self.caller.actor.name if cart.customer_user_id else None),
            note=body.note or cart.note,
        )
        _require_destination(cart)
        reserved_until = await self._reserve_offered(cart, aftermath)
        tariff = await tariff_from(wanted_of([cart]), methods, rates)
        order = build(cart, await self._priced(cart, tariff), customer)
        await self._enter(order, reserved_until)
        cart.status = CartStatus.CHECKED_OUT
        # By it the cart, with where the goods went, is found when the buyer is to be forgotten.
        cart.email = order.email
        await self.carts.save(cart)
        return order

    async def create(self, body: OrderCreate, aftermath: Aftermath) -> Order:
        """Place an order for somebody, or keep it as a draft.

        Raises:
            AddressRequired, ShippingRequired, UnknownShippingMethod, UnknownVariant, CurrencyMismatch: as named.
            UpstreamProblem: `insufficient-stock`, from the catalog; nothing changed.
        """
        variants = await self._for_sale({item.variant_id for item in body.items}, body.currency)
        # A cart that is never stored: prices are found in one way only.
        cart = Cart(
            id=new_id(),
            order_id=new_id(),
            tenant_id=self.uow.tenant_id,
            currency=body.currency,
            address=body.address.model_dump(exclude_none=True) if body.address else None,
            shipping_method_id=body.shipping_method_id,
            items=[],
        )
        for item in body.items:
            put(cart, variants[item.variant_id], item.quantity)
        customer = Customer(body.email, body.customer_user_id, body.customer_name, body.note)
        order = build(cart, await self._priced(cart), customer)
        if body.draft:
            order.status = OrderStatus.DRAFT
            await self._store(order)
        else:
            await self._place(order, aftermath, order_is_placed(order.id))
        return order

    async def confirm(self, order_id: UUID, aftermath: Aftermath) -> Order:
        """Place a draft at the prices it has.

        Raises:
            InvalidTransition: it is no draft.
            UpstreamProblem: `insufficient-stock`, from the catalog; nothing changed.
        """
        order = await self.orders.get(order_id, lock=True)
        if order.state is not OrderStatus.DRAFT:
            raise InvalidTransition(
                f"An order that is {order.status} cannot be confirmed.", current_status=order.status
            )
        check(order.status, OrderStatus.PLACED)
        await self._place(order, aftermath, order_is_placed(order.id))
        self.uow.tag(order.version)
        return order

    async def _for_sale(self, variant_ids: set[UUID], currency: str) -> dict[UUID, Variant]:
        variants = await self.catalog.variants(variant_ids)
        _require_for_sale(variants, variant_ids, currency)
        return variants

    async def _priced(self, cart: Cart, tariff: Tariff | None = None) -> Priced:
        priced = (await price(self.uow, [cart], tariff))[cart.id]
        _require_destination(cart)
        if cart_needs_shipping(cart) and priced.quote is None:
            raise UnknownShippingMethod("The shipping method does not take these goods to this address.")
        return priced

    async def _reserve_offered(self, cart: Cart, aftermath: Aftermath) -> datetime:
        """Reserve what is in a cart if the catalog sells it as the cart says, and take over what it is called now."""
        lines = [(item.variant_id, item.quantity) for item in cart.items]
        offers = {
            item.variant_id: Money(amount=item.unit_amount, currency=cart.currency) for item in cart.items
        }
        try:
            reserved_until, variants = await self._reserve(
                cart.order_id, lines, aftermath, cart_is_checked_out(cart.id), offers
            )
        except OfferChanged as error:
            variants = error.variants
            _require_for_sale(variants, set(offers), cart.currency)
            aftermath.on_failure(take_over_prices(self.uow.context, cart.tenant_id, cart.id, variants))
            _require_same_prices(cart, variants)
            raise
        for item in cart.items:
            refresh(item, variants[item.variant_id])
        return reserved_until

    async def _place(self, order: Order, aftermath: Aftermath, is_placed: Check) -> None:
        lines = [(line.variant_id, line.quantity) for line in order.lines]
        reserved_until, _ = await self._reserve(order.id, lines, aftermath, is_placed)
        await self._enter(order, reserved_until)

    async def _reserve(
        self,
        order_id: UUID,
        lines: Sequence[tuple[UUID, int]],
        aftermath: Aftermath,
        is_placed: Check,
        offers: Mapping[UUID, Money] | None = None,
    ) -> tuple[datetime, dict[UUID, Variant]]:
        context, tenant_id = self.uow.context, self.uow.tenant_id
        reserved_until = self.uow.now + timedelta(minutes=context.settings.reservation_minutes)
        aftermath.on_failure(release_unless_placed(context, tenant_id, order_id, is_placed))
        failpoint("orders", "checkout", "reserving")
        variants = await self.catalog.reserve(order_id, lines, reserved_until, offers)
        failpoint("orders", "checkout", "reserved")
        return reserved_until, variants

    async def _enter(self, order: Order, reserved_until: datetime) -> None:
        """Give a reserved order its number and store it."""
        order.reserved_until, order.placed_at = reserved_until, self.uow.now
        order.status = OrderStatus.PLACED
        # Last of all: the next order of this business waits for its number until this one is committed.
        order.number = await DocumentNumbers(self.uow).take("order")
        self.uow.emit(facts.order_placed(order))
        await self._store(order)
        if order.total_amount == 0:
            await self.orders.settle_free(order)

    async def _store(self, order: Order) -> None:
        # One that was a draft has a version.
        await (self.orders.rows.add if order.version is None else self.orders.rows.save)(order)
        self.orders.enter(order)
        self.uow.audit(
            order.status, "order", order.id, after={"status": order.status, "number": order.number}
        )

    def _email(self, body: CheckoutIn, cart: Cart) -> str:
        email = body.email or cart.email or (self.caller.actor.email if self.caller.customer_id else None)
        if email is None:
            raise ValidationFailed(
                "An e-mail address is needed.",
                errors=[{"loc": ["body", "email"], "msg": "Field required", "type": "missing"}],
            )
        return email


def _require_destination(cart: Cart) -> None:
    """Refuse a cart of goods that does not say where and how to send them."""
    if cart_needs_shipping(cart):
        if cart.address is None:
            raise AddressRequired("Give an address first.")
        if cart.shipping_method_id is None:
            raise ShippingRequired("Choose a shipping method first.")


def _require_for_sale(variants: Mapping[UUID, Variant], wanted: set[UUID], currency: str) -> None:
    gone = sorted(str(variant_id) for variant_id in wanted - variants.keys())
    if gone:
        raise UnknownVariant("Some items are not for sale.", variant_ids=gone)
    if any(variant.currency != currency for variant in variants.values()):
        raise CurrencyMismatch("Some items are sold in another currency.", currency=currency)


def _require_same_prices(cart: Cart, variants: Mapping[UUID, Variant]) -> None:
    changed = [
        {
            "variant_id": str(item.variant_id),
            "sku": item.sku,
            "old_price": Money(amount=item.unit_amount, currency=cart.currency).model_dump(),
            "new_price": Money(amount=variants[item.variant_id].price, currency=cart.currency).model_dump(),
        }
        for item in cart.items
        if variants[item.variant_id].price != item.unit_amount
    ]
    if changed:
        raise PriceChanged("Look at the cart again and check out once more.", lines=changed)
