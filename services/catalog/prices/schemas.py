"""Bodies and queries of prices."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.filters import ListQuery
from libs.common.money import Money, Price
from libs.common.schema import OutSchema, Schema


class PriceCreate(Schema):
    """What a variant costs from now on."""

    price: Price


class PriceOut(OutSchema):
    """What a variant costs, or cost, from `created_at` on."""

    id: UUID
    variant_id: UUID
    price: Money
    old_price: Money | None
    actor_id: UUID | None
    created_at: datetime


class PriceList(OutSchema):
    """The prices of a variant now: its base price, or nothing while it has none."""

    items: list[PriceOut]
    next_cursor: None = None


class PriceHistoryQuery(ListQuery):
    """How to list the prices that a variant had; `q` is an amount in minor units, a currency, or who set it."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    named_by: ClassVar[tuple[str, ...]] = ("amount", "currency", "actor_id")

    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
