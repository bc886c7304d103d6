"""Invoices to collect, goods to order, customers to ask back."""

from datetime import timedelta
from math import erfc, sqrt
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.insights.evidence import too_little
from services.analytics.insights.next_best_actions.candidate import Asked, Candidate, Chance, Found
from services.analytics.insights.next_best_actions.trade_rows import TradeRows

_DAY = timedelta(days=1)
# How far ahead stock has to reach, and by what it is known how fast it goes.
_AHEAD_DAYS, _LOOK_BACK_DAYS, _LEAST_DAYS, _LEAST_UNITS = 14, 28, 7, 5
# Two gaps between orders make a habit; away three times as long, a customer is lost rather than due.
_LEAST_ORDERS, _LOST_AFTER = 3, 3


async def unpaid(uow: UnitOfWork, asked: Asked) -> Found:
    """Invoices that are overdue, or are to be paid within a week."""
    rows = TradeRows(uow)
    trials, hits = await rows.settled(asked)
    chance = Chance(hits, trials, "invoices past their date, of two years, that are paid")
    found = []
    for invoice in await rows.owed(asked):
        is_overdue = invoice.due_on is not None and invoice.due_on < asked.today
        days = (asked.today - invoice.due_on).days if invoice.due_on else None
        told = f"It was due on {invoice.due_on}, {days} days ago." if is_overdue else "It is not paid yet."
        if not is_overdue and invoice.due_on:
            told = f"It is due on {invoice.due_on} and not paid yet."
        found.append(
            Candidate(
                kind="overdue_invoice" if is_overdue else "unpaid_invoice",
                object_type="invoice",
                object_id=invoice.invoice_id,
                title=invoice.number,
                href=f"/api/v1/invoices/{invoice.invoice_id}",
                action="send_reminder",
                suggestion="Remind the customer: send the invoice again",
                explanation=told,
                since=asked.start_of(invoice.due_on) if invoice.due_on else invoice.seen_at,
                value=invoice.outstanding,
                chance=chance,
                evidence={
                    "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
                    "days_overdue": days if is_overdue else None,
                },
            )
        )
    return Found(found)


async def restock(uow: UnitOfWork, asked: Asked) -> Found:
    """Goods that will be sold out within two weeks at the speed of the last four."""
    rows = TradeRows(uow)
    first = await rows.first_paid_at()
    days = max(min(_LOOK_BACK_DAYS, (asked.midnight - first).days), 0) if first else 0
    if days < _LEAST_DAYS:
        return Found([], too_little(f"There are {days} whole days of sales.", f"{_LEAST_DAYS} days of sales"))
    found = []
    for row in await rows.selling(asked, asked.midnight - days * _DAY, _LEAST_UNITS):
        units, available = int(row.units), max(int(row.available), 0)
        speed = units / days
        needed = speed * _AHEAD_DAYS
        if available >= needed:
            continue
        # Demand by chance (Poisson, by the normal distribution).
        sold_out = 0.5 * erfc((available + 0.5 - needed) / sqrt(2 * needed))
        short = max(needed - available, 1.0)
        found.append(
            Candidate(
                kind="restock",
                object_type="variant",
                object_id=row.variant_id,
                title=row.name,
                href=f"/api/v1/inventory/stock?variant_id={row.variant_id}",
                action="order_stock",
                suggestion=f"Order at least {short:.0f}",
                explanation=(
                    f"{available} of {row.sku} are available; {units} were sold in {days} days, so {needed:.0f}"
                    f" are likely to be asked for in the next {_AHEAD_DAYS}."
                ),
                since=asked.midnight,
                value=round(short * sold_out * int(row.total) / units),
                evidence={
                    "available": available,
                    "units_sold": units,
                    "days": days,
                    "units_a_day": round(speed, 2),
                    "days_of_cover": round(available / speed, 1),
                    "probability_sold_out": round(sold_out, 4),
                },
            )
        )
    return Found(found)


async def repeat_purchase(uow: UnitOfWork, asked: Asked) -> Found:
    """Regulars who have stayed away for longer than they usually do."""
    rows = TradeRows(uow)
    regulars, came_again = await rows.regulars(asked, _LEAST_ORDERS)
    if regulars == 0:
        return Found(
            [],
            too_little("No customer has three paid orders.", f"customers with {_LEAST_ORDERS} paid orders"),
        )
    chance = Chance(came_again, regulars, f"customers with {_LEAST_ORDERS} paid orders who came once more")
    found = []
    for row in await rows.due_again(asked, _LEAST_ORDERS, _LOST_AFTER):
        away, usual = (float(seconds) / 86_400 for seconds in (row.away, row.usual))
        _, order_id, number = max(
            zip(row.times, row.order_ids, row.numbers, strict=True), key=lambda one: one[0]
        )
        found.append(
            Candidate(
                kind="repeat_purchase",
                object_type="order",
                object_id=order_id,
                title=number,
                href=f"/api/v1/orders/{order_id}",
                action="contact_customer",
                suggestion="Offer the customer something",
                explanation=(
                    f"The customer of this order bought {row.orders} times, every {usual:.0f} days, and has been away"
                    f" for {away:.0f}."
                ),
                since=row.last_at + usual * _DAY,
                value=round(row.average),
                chance=chance,
                evidence={
                    "orders": row.orders,
                    "usual_days": round(usual, 1),
                    "days_away": round(away, 1),
                    "customer_user_id": _account(row.customer),
                },
            )
        )
    return Found(found)


def _account(customer: str) -> str | None:
    """The account of a customer; who has none is known by an address, which is not shown here."""
    try:
        return str(UUID(customer))
    except ValueError:
        return None
