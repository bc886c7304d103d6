"""Events as the owners of the facts publish them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.ids import new_id
from libs.common.money import Money
from libs.contracts.orders import OrderPaid, OrderPlaced, Totals
from libs.contracts.payments import InvoicePaid, PaymentSucceeded, RefundSucceeded
from libs.contracts.values import OrderLine

START = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)


def zar(amount: int) -> Money:
    """Rand in cents."""
    return Money(amount=amount, currency="ZAR")


def placed(
    total: int = 10000,
    *,
    at: datetime = START,
    product_id: UUID | None = None,
    quantity: int = 2,
    name: str = "House blend",
    variant_id: UUID | None = None,
    email: str = "client@example.com",
    currency: str = "ZAR",
    tax_included: int | None = None,
) -> OrderPlaced:
    """An order of one line."""

    def of(amount: int) -> Money:
        return Money(amount=amount, currency=currency)

    line = OrderLine(
        line_id=new_id(),
        variant_id=variant_id or new_id(),
        product_id=product_id or new_id(),
        sku="HB-250",
        name=name,
        quantity=quantity,
        unit_price=of(total // quantity),
        discount=of(0),
        tax_included=None if tax_included is None else of(tax_included),
        total=of(total),
    )
    totals = Totals(subtotal=of(total), discount=of(0), shipping=of(0), tax=of(0), total=of(total))
    return OrderPlaced(
        order_id=new_id(),
        number="O-000001",
        email=email,
        lines=[line],
        totals=totals,
        reserved_until=at + timedelta(minutes=15),
        placed_at=at,
    )


def paid(order: OrderPlaced, *, at: datetime | None = None) -> OrderPaid:
    """The same order, paid."""
    data = order.model_dump(exclude={"reserved_until", "placed_at"})
    return OrderPaid(**data, payment_id=new_id(), paid_at=at or order.placed_at)


def payment(order: OrderPlaced, *, at: datetime | None = None) -> PaymentSucceeded:
    """The payment of an order in full."""
    return PaymentSucceeded(
        payment_id=new_id(),
        order_id=order.order_id,
        amount=order.totals.total,
        provider="sandbox",
        succeeded_at=at or order.placed_at,
    )


def refund(paid_with: PaymentSucceeded, amount: int, *, at: datetime | None = None) -> RefundSucceeded:
    """A refund of part of a payment."""
    return RefundSucceeded(
        refund_id=new_id(),
        payment_id=paid_with.payment_id,
        order_id=paid_with.order_id,
        amount=zar(amount),
        refunded_total=zar(amount),
        payment_amount=paid_with.amount,
        succeeded_at=at or paid_with.succeeded_at,
    )


def invoice_paid(
    amount: int, *, outstanding: int = 0, invoice_id: UUID | None = None, at: datetime = START
) -> InvoicePaid:
    """Money that came in for an invoice that is no order's, in full or in part."""
    return InvoicePaid(
        invoice_id=invoice_id or new_id(),
        number="INV-000001",
        amount=zar(amount),
        total=zar(amount + outstanding),
        outstanding=zar(outstanding),
        paid_at=at,
    )
