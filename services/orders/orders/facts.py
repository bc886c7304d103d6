"""The events of orders, made from rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from libs.contracts import orders as contract
from libs.contracts.values import Address, OrderLine
from services.orders.orders.models import Order


def order_placed(order: Order) -> contract.OrderPlaced:
    """That it was placed."""
    assert order.reserved_until is not None
    assert order.placed_at is not None
    return contract.OrderPlaced(
        **_whole(order), reserved_until=order.reserved_until, placed_at=order.placed_at
    )


def order_paid(order: Order) -> contract.OrderPaid:
    """That it is paid; readers know no order without a payment, so one of zero is named as its own."""
    assert order.paid_at is not None
    return contract.OrderPaid(**_whole(order), payment_id=order.payment_id or order.id, paid_at=order.paid_at)


def order_cancelled(order: Order) -> contract.OrderCancelled:
    """That it was cancelled; the totals say what had been paid where it had been."""
    return contract.OrderCancelled(
        **_head(order),
        totals=contract.Totals(**order.totals),
        was_paid=order.payment_id is not None,
        payment_id=order.payment_id,
        reason=order.cancel_reason,
    )


def order_expired(order: Order) -> contract.OrderExpired:
    """That it was not paid in time."""
    return contract.OrderExpired(**_head(order), totals=contract.Totals(**order.totals))


def order_delivered(order: Order, at: datetime) -> contract.OrderDelivered:
    """That all of it has arrived."""
    return contract.OrderDelivered(**_head(order), delivered_at=at)


def order_completed(order: Order, at: datetime) -> contract.OrderCompleted:
    """That it is done."""
    return contract.OrderCompleted(**_head(order), completed_at=at)


def late_payment_refused(order: Order, payment_id: UUID, reason: str) -> contract.LatePaymentRefused:
    """That a payment is to be given back."""
    return contract.LatePaymentRefused(
        order_id=order.id, number=order.number or "", payment_id=payment_id, reason=reason
    )


def _head(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "number": order.number or "",
        "email": order.email,
        "customer_user_id": order.customer_user_id,
    }


def _whole(order: Order) -> dict[str, Any]:
    return {
        **_head(order),
        "customer_name": order.customer_name,
        "lines": [
            OrderLine(
                line_id=line.id,
                variant_id=line.variant_id,
                product_id=line.product_id,
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=line.discount,
                tax_included=line.tax_included,
                total=line.total,
                options=line.options,
            )
            for line in order.lines
        ],
        "totals": contract.Totals(**order.totals),
        "shipping_address": Address(**order.shipping_address) if order.shipping_address else None,
    }
