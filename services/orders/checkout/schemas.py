"""Bodies of checkouts and directly placed orders."""

from typing import Annotated
from uuid import UUID

from pydantic import EmailStr, Field, StrictBool

from libs.common.money import Currency
from libs.common.schema import ONE_LINE, Schema
from services.orders.carts.schemas import Note, Quantity
from services.orders.schemas import AddressIn

CustomerName = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]


class CheckoutIn(Schema):
    """Who orders; without `email` it is that of the cart, or of the signed-in user."""

    email: EmailStr | None = None
    customer_name: CustomerName | None = None
    note: Note | None = None


class OrderItemIn(Schema):
    """How many of a variant are ordered."""

    variant_id: UUID
    quantity: Quantity


class OrderCreate(Schema):
    """An order that staff place for somebody. A draft holds no stock and has no number until it is confirmed."""

    email: EmailStr
    currency: Currency
    items: Annotated[list[OrderItemIn], Field(min_length=1, max_length=200)]
    customer_user_id: UUID | None = None
    customer_name: CustomerName | None = None
    address: AddressIn | None = None
    shipping_method_id: UUID | None = None
    note: Note | None = None
    draft: StrictBool = False
