"""Bodies of timelines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from libs.common.schema import OutSchema


class TimelineEntryOut(OutSchema):
    """Something that happened to an order."""

    id: UUID
    at: datetime
    kind: str = Field(examples=["placed", "paid", "payment_failed", "invoice_issued", "shipment_updated"])
    status: str | None = Field(description="The state the order came into, where this changed it")
    actor: str = Field(description="`user:<id>`, `api_key:<id>`, `guest` or `system:<service>`")
    reference: str | None = Field(description="The id of the payment, invoice, shipment, … it is about")
    data: dict[str, Any]


class TimelineOut(OutSchema):
    """The timeline of an order, oldest first."""

    items: list[TimelineEntryOut]
