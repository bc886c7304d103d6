"""What the dashboard answers."""

from datetime import datetime

from pydantic import Field

from libs.common.money import Total
from libs.common.schema import OutSchema


class OrderFigures(OutSchema):
    """Orders in the currency of the dashboard that were placed in the stretch, by what became of them."""

    count: int
    paid: int
    completed: int
    cancelled: int
    expired: int
    customers: int = Field(description="Customers with an order paid in the stretch, as in the sales metrics")
    average: Total = Field(description="Money captured per payment of an order")


class DealFigures(OutSchema):
    """Deals by status, of all currencies; the amounts are those in the currency of the dashboard."""

    open: int
    won: int
    lost: int
    open_amount: Total
    won_amount: Total


class TaskFigures(OutSchema):
    """Tasks as they stand now."""

    open: int
    overdue: int
    completed: int


class StockFigures(OutSchema):
    """Pieces in all warehouses as they stand now."""

    on_hand: int
    reserved: int
    allocated: int
    available: int
    sold_out: int = Field(description="Variants and warehouses with nothing available")


class Dashboard(OutSchema):
    """The figures of a business. `revenue` is what came in (`gross`: captured for orders, and paid on other invoices) less what was refunded."""

    currency: str
    revenue: Total
    gross: Total
    refunds: Total
    orders: OrderFigures
    deals: DealFigures
    leads: int
    tasks: TaskFigures
    stock: StockFigures
    as_of: datetime
