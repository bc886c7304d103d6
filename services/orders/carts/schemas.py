"""Bodies and queries of carts."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import ListQuery
from libs.common.money import Currency, Money
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.orders.carts.models import CartStatus
from services.orders.schemas import AddressIn, TotalsOut
from services.orders.totals import MAX_QUANTITY

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True, examples=[2])]
Note = Annotated[str, Field(max_length=2000)]


class CartCreate(Schema):
    """A new cart; everything in it will be in this currency."""

    currency: Currency
    email: EmailStr | None = None
    note: Note | None = None


class CartUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    email: EmailStr | None = None
    note: Note | None = None


class CartItemAdd(Schema):
    """What to put in; a variant that is in the cart already adds up."""

    variant_id: UUID
    quantity: Quantity = 1


class CartItemUpdate(Schema):
    """How many there shall be."""

    quantity: Quantity


class ChooseShipping(Schema):
    """Which of the methods offered for this cart to send it with."""

    method_id: UUID


class CartItemOut(OutSchema):
    """A line of a cart."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    options: dict[str, Any]
    quantity: int
    unit_price: Money
    discount: Money
    total: Money = Field(description="What the line costs after its discount")


class CartShipping(OutSchema):
    """The chosen way to send the goods, at its price now."""

    method_id: UUID
    name: str
    amount: Money


class CartOut(OutSchema):
    """A cart with live totals."""

    id: UUID
    status: CartStatus
    currency: str
    customer_user_id: UUID | None
    email: str | None
    note: str | None
    items: list[CartItemOut]
    address: dict[str, Any] | None
    needs_shipping: bool = Field(
        description="Whether an address and a shipping method are needed to check out"
    )
    shipping: CartShipping | None = Field(
        description="Null where none is chosen, or the chosen one does not take these goods to this address"
    )
    totals: TotalsOut
    order_id: UUID | None = Field(description="The order it became")
    version: int
    created_at: datetime
    updated_at: datetime


class CartCreated(CartOut):
    """A new cart, with the secret that opens it; the secret is never shown again."""

    token: str = Field(description="Guests send it as `X-Cart-Token`")


class CartQuery(ListQuery):
    """How to list carts."""

    default_order: ClassVar[str] = "-created_at"
    searchable: ClassVar[tuple[str, ...]] = ("email", "note")

    status: list[CartStatus] | None = None
    customer_user_id: list[UUID] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


CartAddress = AddressIn
