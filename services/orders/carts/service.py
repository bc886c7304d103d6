"""The rules of carts. The catalog is asked before any row is locked; every change answers with the whole cart."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, Unauthenticated
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from services.orders.carts.errors import CartNotOpen, QuantityTooLarge, TooManyLines
from services.orders.carts.models import Cart, CartItem, CartStatus
from services.orders.carts.presenting import present
from services.orders.carts.pricing import Tariff, country_of, parcel_of, tariff_of
from services.orders.carts.repository import CartRepository
from services.orders.carts.schemas import CartAddress, CartCreate, CartItemAdd, CartItemUpdate, CartUpdate
from services.orders.catalog import Catalog, Variant
from services.orders.errors import CurrencyMismatch, UnknownShippingMethod, UnknownVariant
from services.orders.shipping.providers.base import Quote
from services.orders.shipping.service import ShippingService
from services.orders.totals import MAX_QUANTITY
from services.orders.visibility import Caller, new_token, token_hash

MAX_LINES = 200


class CartService:
    """Carts of a business, as far as the caller may see them."""

    def __init__(self, uow: UnitOfWork, caller: Caller) -> None:
        self.uow = uow
        self.caller = caller
        self.rows = CartRepository(uow, caller)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of the carts the caller may see."""
        rows, cursor = await self.rows.page(query)
        return {"items": await present(self.uow, rows), "next_cursor": cursor}

    async def get(self, cart_id: UUID) -> dict[str, Any]:
        """A cart with live totals."""
        return await self._shown(await self._find(cart_id))

    async def create(self, body: CartCreate) -> dict[str, Any]:
        """Start a cart; the answer holds its token, this once."""
        token = new_token()
        cart = Cart(
            **body.model_dump(),
            id=new_id(),
            order_id=new_id(),
            tenant_id=self.uow.tenant_id,
            items=[],
            status=CartStatus.OPEN,
            customer_user_id=self.caller.customer_id,
            token_hash=token_hash(token),
        )
        await self.rows.add(cart)
        return {**await self._shown(cart), "token": token}

    async def update(self, cart_id: UUID, body: CartUpdate) -> dict[str, Any]:
        """Change the fields that were sent."""
        cart = await self._lock(cart_id)
        for name, value in body.changes().items():
            setattr(cart, name, value)
        return await self._saved(cart)

    async def replace(self, cart_id: UUID, body: CartCreate) -> dict[str, Any]:
        """Set every field of the body; what is not sent is emptied.

        Raises:
            CurrencyMismatch: the cart has another currency, which it keeps.
        """
        cart = await self._lock(cart_id)
        if body.currency != cart.currency:
            raise CurrencyMismatch("A cart keeps its currency; start another.", currency=cart.currency)
        cart.email, cart.note = body.email, body.note
        return await self._saved(cart)

    async def delete(self, cart_id: UUID) -> None:
        """Remove a cart that was not checked out."""
        cart = await self._find(cart_id, lock=True)
        self._check_version(cart)
        if cart.status == CartStatus.CHECKED_OUT:
            raise CartNotOpen("An order came of this cart.", order_id=str(cart.order_id))
        await self.rows.delete(cart)

    async def add_item(self, cart_id: UUID, body: CartItemAdd) -> dict[str, Any]:
        """Put a variant in.

        Raises:
            UnknownVariant: it does not exist or is not for sale.
            CurrencyMismatch: it is sold in another currency.
            QuantityTooLarge, TooManyLines: the cart would hold too much.
        """
        # The catalog is asked first: until then no connection is held.
        found = await Catalog(self.uow.context, self.uow.tenant_id).variants([body.variant_id])
        cart = await self._lock(cart_id)
        variant = found.get(body.variant_id)
        if variant is None:
            raise UnknownVariant("There is no such variant for sale.", variant_ids=[str(body.variant_id)])
        if variant.currency != cart.currency:
            raise CurrencyMismatch("It is sold in another currency.", currency=variant.currency)
        put(cart, variant, body.quantity)
        return await self._saved(cart)

    async def update_item(self, cart_id: UUID, item_id: UUID, body: CartItemUpdate) -> dict[str, Any]:
        """Set the quantity of a line."""
        cart = await self._lock(cart_id)
        _item(cart, item_id).quantity = body.quantity
        return await self._saved(cart)

    async def remove_item(self, cart_id: UUID, item_id: UUID) -> dict[str, Any]:
        """Take a line out."""
        cart = await self._lock(cart_id)
        cart.items.remove(_item(cart, item_id))
        return await self._saved(cart)

    async def set_address(self, cart_id: UUID, body: CartAddress) -> dict[str, Any]:
        """Say where the goods go."""
        cart = await self._lock(cart_id)
        cart.address = body.model_dump(exclude_none=True)
        return await self._saved(cart)

    async def shipping_methods(self, cart_id: UUID) -> Sequence[Quote]:
        """The methods that take the goods of a cart to its address."""
        return await ShippingService(self.uow).quotes(parcel_of(await self._find(cart_id)))

    async def choose_shipping(self, cart_id: UUID, method_id: UUID) -> dict[str, Any]:
        """Send it with this method.

        Raises:
            UnknownShippingMethod: it is not offered for this cart.
        """
        cart = await self._lock(cart_id)
        country = country_of(cart)
        tariff = await tariff_of(
            self.uow, {cart.id: (method_id, parcel_of(cart))}, {country} if country else set()
        )
        if not tariff.quotes:
            raise UnknownShippingMethod("Choose one that GET /shipping/methods lists for this cart.")
        cart.shipping_method_id = method_id
        return await self._saved(cart, tariff)

    async def claim(self, cart_id: UUID) -> dict[str, Any]:
        """Make a guest's cart the signed-in user's own, or part of the cart he has open in the same currency.

        Claiming again answers the same. From now on the token opens nothing.

        Raises:
            Unauthenticated: nobody is signed in.
            NotFound: the token is not that of this cart.
        """
        user_id = self.caller.customer_id
        if user_id is None:
            raise Unauthenticated("Sign in first: POST /api/v1/auth/login.")
        carts = await self.rows.lock_for_claim(cart_id, self.caller.token_hash or "", user_id)
        cart = next((row for row in carts if row.id == cart_id), None)
        if cart is None or cart.customer_user_id not in (None, user_id):
            raise NotFound("There is no such cart.", resource="cart")
        if cart.customer_user_id == user_id:
            return await self.get(cart.merged_into_id or cart.id)
        require_open(cart)
        cart.customer_user_id, cart.token_hash = user_id, None
        target = next((row for row in carts if row is not cart and row.currency == cart.currency), None)
        if target is None:
            return await self._saved(cart)
        merge(cart, target)
        await self.rows.save(cart)
        return await self._saved(target)

    async def _find(self, cart_id: UUID, *, lock: bool = False) -> Cart:
        cart = await self.rows.get(cart_id, lock=lock)
        if cart is None:
            raise NotFound("There is no such cart.", resource="cart")
        return cart

    async def _lock(self, cart_id: UUID) -> Cart:
        cart = await self._find(cart_id, lock=True)
        self._check_version(cart)
        require_open(cart)
        return cart

    def _check_version(self, cart: Cart) -> None:
        self.uow.check_version(cart.version)

    async def _saved(self, cart: Cart, tariff: Tariff | None = None) -> dict[str, Any]:
        await self.rows.save(cart)
        return await self._shown(cart, tariff)

    async def _shown(self, cart: Cart, tariff: Tariff | None = None) -> dict[str, Any]:
        self.uow.tag(cart.version)
        return (await present(self.uow, [cart], tariff))[0]


def put(cart: Cart, variant: Variant, quantity: int) -> None:
    """Add so many of a variant; one that is there already adds up and takes the present price."""
    item = next((item for item in cart.items if item.variant_id == variant.variant_id), None)
    if item is None:
        if len(cart.items) >= MAX_LINES:
            raise TooManyLines(f"A cart holds up to {MAX_LINES} lines.", limit=MAX_LINES)
        item = CartItem(
            id=new_id(),
            tenant_id=cart.tenant_id,
            cart_id=cart.id,
            variant_id=variant.variant_id,
            quantity=0,
        )
        cart.items.append(item)
    if item.quantity + quantity > MAX_QUANTITY:
        raise QuantityTooLarge(f"A line holds up to {MAX_QUANTITY}.", limit=MAX_QUANTITY)
    item.quantity += quantity
    refresh(item, variant)


def refresh(item: CartItem, variant: Variant) -> None:
    """Take over what the catalog says now."""
    item.product_id, item.sku, item.name = variant.product_id, variant.sku, variant.name
    item.type, item.tax_class, item.options = variant.type, variant.tax_class, variant.options
    item.weight_g, item.unit_amount = variant.weight_g, variant.price


def merge(source: Cart, target: Cart) -> None:
    """Move the lines of one cart into another; quantities add up, as far as a line may go."""
    known = {item.variant_id: item for item in target.items}
    for item in source.items:
        there = known.get(item.variant_id)
        if there is not None:
            there.quantity = min(there.quantity + item.quantity, MAX_QUANTITY)
        elif len(target.items) < MAX_LINES:
            copied = {
                column.key: getattr(item, column.key)
                for column in CartItem.__table__.columns
                if column.key not in ("id", "cart_id", "created_at", "updated_at", "version")
            }
            target.items.append(CartItem(**copied, id=new_id(), cart_id=target.id))
    target.address = target.address or source.address
    target.shipping_method_id = target.shipping_method_id or source.shipping_method_id
    target.email = target.email or source.email
    source.status, source.merged_into_id = CartStatus.ABANDONED, target.id


def require_open(cart: Cart) -> None:
    """Refuse a change to a locked cart that is closed; one that was merely left alone is open again.

    Raises:
        CartNotOpen: it was checked out, or became part of another.
    """
    if cart.status == CartStatus.ABANDONED and cart.merged_into_id is None:
        cart.status = CartStatus.OPEN
    if cart.status != CartStatus.OPEN:
        order_id = str(cart.order_id) if cart.status == CartStatus.CHECKED_OUT else None
        raise CartNotOpen("Start another cart.", cart_status=cart.status, order_id=order_id)


def _item(cart: Cart, item_id: UUID) -> CartItem:
    for item in cart.items:
        if item.id == item_id:
            return item
    raise NotFound("There is no such line in this cart.", resource="cart_item")
