"""The SQL of rules about invoices, stock and customers."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.facts.models import InvoiceFact, OrderFact, OrderLineFact, StockFact
from services.analytics.insights.next_best_actions.candidate import Asked

MOST = 500
SOON = timedelta(days=7)
_HISTORY = timedelta(days=730)


class TradeRows:
    """Reads invoices, stock and buying habits of one tenant, a bounded number of each."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.session = uow.session
        self.tenant_id = uow.tenant_id

    async def owed(self, asked: Asked) -> list[Any]:
        """Invoices with something outstanding that are overdue, due within a week or without a date; the greatest first."""
        statement = (
            select(InvoiceFact)
            .where(
                InvoiceFact.tenant_id == self.tenant_id,
                InvoiceFact.outstanding > 0,
                InvoiceFact.currency == asked.currency,
                or_(InvoiceFact.due_on.is_(None), InvoiceFact.due_on <= asked.today + SOON),
            )
            .order_by(InvoiceFact.outstanding.desc(), InvoiceFact.invoice_id)
            .limit(MOST)
        )
        return list((await self.session.execute(statement)).scalars())

    async def settled(self, asked: Asked) -> tuple[int, int]:
        """Invoices past their date that were issued in two years, and how many of them are paid."""
        statement = select(func.count(), func.count().filter(InvoiceFact.status == "paid")).where(
            InvoiceFact.tenant_id == self.tenant_id,
            InvoiceFact.issued_at >= asked.now - _HISTORY,
            InvoiceFact.due_on < asked.today,
            InvoiceFact.status.in_(["paid", "issued"]),
        )
        row = (await self.session.execute(statement)).one()
        return row[0], row[1]

    async def first_paid_at(self) -> datetime | None:
        """When an order was first paid."""
        statement = (
            select(OrderFact.paid_at)
            .where(OrderFact.tenant_id == self.tenant_id, OrderFact.paid_at.is_not(None))
            .order_by(OrderFact.paid_at)
            .limit(1)
        )
        return (await self.session.execute(statement)).scalar()

    async def selling(self, asked: Asked, since: datetime, least: int) -> list[Any]:
        """Variants kept in stock of which enough was sold: pieces, what they brought, and what is available."""
        sold = (
            select(
                OrderLineFact.variant_id,
                func.max(OrderLineFact.name).label("name"),
                func.max(OrderLineFact.sku).label("sku"),
                func.sum(OrderLineFact.quantity).label("units"),
                func.sum(OrderLineFact.total).label("total"),
            )
            .join(
                OrderFact,
                and_(
                    OrderFact.tenant_id == OrderLineFact.tenant_id,
                    OrderFact.order_id == OrderLineFact.order_id,
                ),
            )
            .where(
                OrderLineFact.tenant_id == self.tenant_id,
                OrderLineFact.currency == asked.currency,
                OrderFact.paid_at >= since,
                # Of days that are over.
                OrderFact.paid_at < asked.midnight,
            )
            .group_by(OrderLineFact.variant_id)
            .having(func.sum(OrderLineFact.quantity) >= least)
            .subquery()
        )
        kept = (
            select(StockFact.variant_id, func.sum(StockFact.available).label("available"))
            .where(StockFact.tenant_id == self.tenant_id)
            .group_by(StockFact.variant_id)
            .subquery()
        )
        statement = (
            select(sold, kept.c.available)
            .join(kept, kept.c.variant_id == sold.c.variant_id)
            .order_by(sold.c.total.desc(), sold.c.variant_id)
            .limit(MOST)
        )
        return list((await self.session.execute(statement)).all())

    def _regulars(self, asked: Asked, least: int) -> Any:
        before = func.lag(OrderFact.paid_at).over(
            partition_by=OrderFact.customer, order_by=(OrderFact.paid_at, OrderFact.order_id)
        )
        each = (
            select(
                OrderFact.customer,
                OrderFact.paid_at,
                OrderFact.total,
                OrderFact.order_id,
                OrderFact.number,
                func.extract("epoch", OrderFact.paid_at - before).label("gap"),
            )
            .where(
                OrderFact.tenant_id == self.tenant_id,
                OrderFact.currency == asked.currency,
                OrderFact.paid_at >= asked.now - _HISTORY,
                OrderFact.cancelled_at.is_(None),
                OrderFact.customer.is_not(None),
                # Of who was erased there is nobody to ask.
                OrderFact.customer.not_like("erased-%@erased.invalid"),
            )
            .subquery()
        )
        return (
            select(
                func.count().label("orders"),
                func.max(each.c.paid_at).label("last_at"),
                func.avg(each.c.total).label("average"),
                func.percentile_cont(0.5).within_group(each.c.gap).label("gap"),
                func.array_agg(each.c.order_id).label("order_ids"),
                func.array_agg(each.c.number).label("numbers"),
                func.array_agg(each.c.paid_at).label("times"),
                each.c.customer,
            )
            .group_by(each.c.customer)
            .having(func.count() >= least)
            .subquery()
        )

    async def regulars(self, asked: Asked, least: int) -> tuple[int, int]:
        """Customers with so many paid orders in two years, and how many of them came once more."""
        each = self._regulars(asked, least)
        statement = select(func.count(), func.count().filter(each.c.orders > least)).select_from(each)
        row = (await self.session.execute(statement)).one()
        return row[0], row[1]

    async def due_again(self, asked: Asked, least: int, lost_after: int) -> list[Any]:
        """Regulars who have been away for longer than usual, but not for so many times as long."""
        each = self._regulars(asked, least)
        away = func.extract("epoch", asked.now - each.c.last_at)
        usual = func.greatest(each.c.gap, 86_400)
        statement = (
            select(each, away.label("away"), usual.label("usual"))
            .where(away > usual, away < usual * lost_after)
            .order_by(each.c.average.desc(), each.c.customer)
            .limit(MOST)
        )
        return list((await self.session.execute(statement)).all())
