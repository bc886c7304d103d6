"""Bodies and queries of reservations."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.common.filters import Custom, ListQuery
from libs.common.schema import OutSchema, Schema
from services.catalog.stock.schemas import Quantity
from services.catalog.variants.schemas import LookupItem, Offer


class ReservationStatus(StrEnum):
    """How far an order's hold on stock is."""

    RESERVED = "reserved"
    ALLOCATED = "allocated"
    RELEASED = "released"
    SHIPPED = "shipped"


class ReleaseCause(StrEnum):
    """Why a reservation was released."""

    CANCELLED = "cancelled"
    EXPIRED = "expired"
    STALE = "stale"
    REQUESTED = "requested"


class RequestLine(Schema):
    """Pieces of one variant."""

    variant_id: UUID
    quantity: Quantity


class ReservationRequest(Schema):
    """What to hold for an order and until when. Lines of one variant are added up.

    `renew` holds again what was released, and outdates a cancellation or expiry still on its way. With `offers`
    nothing is held unless each of these variants is for sale at this price, and the answer tells what is known of them.
    """

    lines: list[RequestLine] = Field(max_length=1000)
    expires_at: AwareDatetime
    renew: bool = False
    offers: list[Offer] = Field(default=[], max_length=500)


class HeldLine(OutSchema):
    """Pieces of a variant held in one store."""

    variant_id: UUID
    store_id: UUID
    quantity: int


class ShortLine(OutSchema):
    """What could not be held of a variant."""

    variant_id: UUID
    requested: int
    available: int


class ReservationOut(OutSchema):
    """Stock held for one order; lines of variants that keep no stock are absent."""

    order_id: UUID
    status: ReservationStatus
    lines: list[HeldLine]
    expires_at: datetime | None
    reserved_at: datetime | None
    allocated_at: datetime | None
    released_at: datetime | None
    shipped_at: datetime | None
    release_cause: ReleaseCause | None
    shortfall: list[ShortLine] | None


class HeldOut(ReservationOut):
    """A reservation as the service that asked for it sees it: with the variants of its offers."""

    variants: list[LookupItem] = []


class ReservationQuery(ListQuery):
    """How to list reservations. They show ids and no words, so `q` is the id of an order."""

    named_by: ClassVar[tuple[str, ...]] = ("order_id",)

    status: list[ReservationStatus] | None = None
    order_id: list[UUID] | None = None
    short: Annotated[
        bool | None, Custom(), Field(description="Only those with a shortfall (or without one)")
    ] = None
