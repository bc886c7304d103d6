"""Bodies of shipments."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from libs.common.schema import OutSchema, Schema
from services.orders.carts.schemas import Quantity
from services.orders.shipments.states import ShipmentStatus


class ShipmentItemIn(Schema):
    """How many of a line go; the line is named by its own id or by its variant."""

    line_id: UUID | None = None
    variant_id: UUID | None = None
    quantity: Quantity

    @model_validator(mode="after")
    def _names_one(self) -> "ShipmentItemIn":
        if (self.line_id is None) == (self.variant_id is None):
            raise ValueError("give either line_id or variant_id")
        return self


class ShipmentCreate(Schema):
    """What goes; without `items` it is all that was not sent yet."""

    items: Annotated[list[ShipmentItemIn], Field(min_length=1, max_length=200)] | None = None


class ShipmentReport(Schema):
    """What the carrier says."""

    status: ShipmentStatus


class ShipmentLineOut(OutSchema):
    """How many of an order line are in a shipment."""

    line_id: UUID
    variant_id: UUID
    quantity: int


class ShipmentOut(OutSchema):
    """A shipment."""

    id: UUID
    order_id: UUID
    status: ShipmentStatus
    carrier: str
    tracking_reference: str
    items: list[ShipmentLineOut]
    delivered_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ShipmentList(OutSchema):
    """The shipments of an order, oldest first."""

    items: list[ShipmentOut]
