"""Bodies of starting a payment."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.money import Money
from libs.common.schema import OutSchema, Schema


class CheckoutCreate(Schema):
    """Which order is to be paid, and where the buyer goes afterwards."""

    order_id: UUID
    return_url: str | None = Field(
        None, max_length=2000, description="http(s); gets `payment_id` and `status` among its query fields"
    )
    account_id: UUID | None = Field(None, description="The payment account; the active one by default")


class CheckoutOut(OutSchema):
    """A payment under way: send the buyer to `redirect_url`, or show the instructions where there is none."""

    payment_id: UUID
    provider: str
    redirect_url: str | None
    instructions: dict[str, Any] | None = None
    amount: Money


class OrderTotals(BaseModel):
    """What of an order's totals matters here."""

    model_config = ConfigDict(extra="ignore")

    total: Money


class PayableOrder(BaseModel):
    """What of an order matters here, as the orders service shows it."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    tenant_id: UUID
    number: str
    status: str
    email: str | None = None
    customer_user_id: UUID | None = None
    customer_name: str | None = None
    totals: OrderTotals
