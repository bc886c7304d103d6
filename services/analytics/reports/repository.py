"""All SQL of the reports. Money is read in one currency at a time: amounts of two do not add up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, case, func, literal, or_, select, union_all

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.facts.models import (
    DealFact,
    DealStageFact,
    LeadFact,
    MoneyFact,
    OrderFact,
    OrderLineFact,
    StockFact,
    TaskFact,
)
from services.analytics.reports.errors import ReportTooLong
from services.analytics.reports.period import GrainedPeriod, Period

# What a business sees when it has no money of any currency yet.
FALLBACK_CURRENCY = "ZAR"
# What one report may have: of hours two hundred days, of days thirteen years.
MAX_ROWS = 5000

# Money that came in: for orders, and for invoices that are no order's. Refunds are kept as negative amounts.
CAME_IN = MoneyFact.kind.in_(("payment", "invoice"))
WENT_BACK = MoneyFact.kind == "refund"
CAPTURED = func.coalesce(func.sum(MoneyFact.amount).filter(CAME_IN), 0).label("captured")
REFUNDED = func.coalesce(-func.sum(MoneyFact.amount).filter(WENT_BACK), 0).label("refunded")

# Those that were deleted count nowhere.
IS_LEAD = LeadFact.status.is_distinct_from("deleted")

# A row of named figures.
Figures = Row[*tuple[Any, ...]]


class ReportRepository:
    """Reads the facts of one tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.session = uow.session
        self.tenant_id: UUID = uow.tenant_id

    async def currency(self, wanted: str | None) -> str:
        """The currency asked for, else the one of most orders, else of most money, else of most deals."""
        if wanted:
            return wanted
        for model in (OrderFact, MoneyFact, DealFact):
            statement = (
                select(model.currency)
                .where(model.tenant_id == self.tenant_id, model.currency.is_not(None))
                .group_by(model.currency)
                .order_by(func.count().desc(), model.currency)
                .limit(1)
            )
            if found := (await self.session.execute(statement)).scalar():
                return str(found)
        return FALLBACK_CURRENCY

    async def order_counts(self, period: Period, currency: str) -> Figures:
        """Orders of one currency placed in the stretch, by what became of them, and customers with one paid in it."""
        customers = (
            select(func.count(func.distinct(OrderFact.customer)))
            .where(
                OrderFact.tenant_id == self.tenant_id,
                OrderFact.currency == currency,
                OrderFact.paid_at.is_not(None),
                *period.holds(OrderFact.paid_at),
            )
            .scalar_subquery()
        )
        statement = select(
            func.count().label("placed"),
            func.count(OrderFact.paid_at).label("paid"),
            func.count(OrderFact.cancelled_at).label("cancelled"),
            func.count()
            .filter(and_(OrderFact.expired_at.is_not(None), OrderFact.paid_at.is_(None)))
            .label("expired"),
            func.count(OrderFact.completed_at).label("completed"),
            customers.label("customers"),
        ).where(
            OrderFact.tenant_id == self.tenant_id,
            OrderFact.currency == currency,
            *period.holds(OrderFact.placed_at),
        )
        return (await self.session.execute(statement)).one()

    async def money(self, period: Period, currency: str) -> Figures:
        """What came in and went back in the stretch, minor units."""
        of_orders = MoneyFact.kind == "payment"
        statement = select(
            CAPTURED,
            REFUNDED,
            func.coalesce(func.sum(MoneyFact.amount).filter(of_orders), 0).label("of_orders"),
            func.count().filter(of_orders).label("payments"),
        ).where(self._money(period), MoneyFact.currency == currency)
        return (await self.session.execute(statement)).one()

    def _money(self, period: Period) -> Any:
        return and_(MoneyFact.tenant_id == self.tenant_id, *period.holds(MoneyFact.happened_at))

    async def deals(self, period: Period, currency: str) -> list[Figures]:
        """Deals by status, with their amounts in one currency; won and lost ones closed in the stretch."""
        moment = case((DealFact.status == "open", DealFact.created_at), else_=DealFact.closed_at)
        conditions = [DealFact.tenant_id == self.tenant_id]
        if period.date_from:
            conditions.append(moment >= period.date_from)
        if period.date_to:
            conditions.append(moment < period.date_to)
        statement = (
            select(
                DealFact.status,
                func.count().label("deals"),
                func.coalesce(func.sum(DealFact.amount).filter(DealFact.currency == currency), 0).label(
                    "amount"
                ),
            )
            .where(*conditions)
            .group_by(DealFact.status)
        )
        return list((await self.session.execute(statement)).all())

    async def lead_count(self, period: Period) -> int:
        """Leads that came in during the stretch, without those that were deleted."""
        statement = select(func.count()).where(self._leads(period))
        return int((await self.session.execute(statement)).scalar_one())

    def _leads(self, period: Period) -> Any:
        return and_(LeadFact.tenant_id == self.tenant_id, IS_LEAD, *period.holds(LeadFact.created_at))

    async def tasks(self, now: datetime) -> Figures:
        """Tasks open, overdue and done; those that were given up or deleted are none of them."""
        goes_on = or_(TaskFact.status.is_(None), TaskFact.status.in_(("todo", "in_progress")))
        is_open = and_(TaskFact.completed_at.is_(None), goes_on)
        statement = select(
            func.count().filter(is_open).label("open"),
            func.count().filter(and_(is_open, TaskFact.due_at < now)).label("overdue"),
            func.count(TaskFact.completed_at).label("completed"),
        ).where(TaskFact.tenant_id == self.tenant_id, TaskFact.status.is_distinct_from("deleted"))
        return (await self.session.execute(statement)).one()

    async def stock(self) -> Figures:
        """Pieces in all warehouses, and variants that are sold out."""
        statement = select(
            func.coalesce(func.sum(StockFact.on_hand), 0).label("on_hand"),
            func.coalesce(func.sum(StockFact.reserved), 0).label("reserved"),
            func.coalesce(func.sum(StockFact.allocated), 0).label("allocated"),
            func.coalesce(func.sum(StockFact.available), 0).label("available"),
            func.count().filter(StockFact.available <= 0).label("sold_out"),
        ).where(StockFact.tenant_id == self.tenant_id)
        return (await self.session.execute(statement)).one()

    async def sales(self, period: GrainedPeriod, currency: str) -> list[Figures]:
        """Per row of the grain: orders placed and paid, pieces sold, money captured and refunded."""
        orders = select(
            period.bucket(OrderFact.placed_at).label("period"),
            literal(1).label("orders"),
            literal(0).label("units"),
            literal(0).label("captured"),
            literal(0).label("refunded"),
        ).where(
            OrderFact.tenant_id == self.tenant_id,
            OrderFact.currency == currency,
            *period.holds(OrderFact.placed_at),
        )
        units = (
            select(
                period.bucket(OrderFact.paid_at),
                literal(0),
                func.coalesce(OrderLineFact.quantity, 0),
                literal(0),
                literal(0),
            )
            .join(
                OrderLineFact,
                and_(
                    OrderLineFact.tenant_id == OrderFact.tenant_id,
                    OrderLineFact.order_id == OrderFact.order_id,
                ),
            )
            .where(
                OrderFact.tenant_id == self.tenant_id,
                OrderFact.currency == currency,
                *period.holds(OrderFact.paid_at),
            )
        )
        money = select(
            period.bucket(MoneyFact.happened_at),
            literal(0),
            literal(0),
            case((CAME_IN, MoneyFact.amount), else_=0),
            case((WENT_BACK, -MoneyFact.amount), else_=0),
        ).where(self._money(period), MoneyFact.currency == currency)
        parts = union_all(orders, units, money).subquery()
        columns = [
            func.sum(parts.c[name]).label(name) for name in ("orders", "units", "captured", "refunded")
        ]
        return await self._rows(
            select(parts.c.period, *columns).group_by(parts.c.period).order_by(parts.c.period)
        )

    async def income(self, period: GrainedPeriod) -> list[Figures]:
        """Per row of the grain and currency: money captured and refunded."""
        bucket = period.bucket(MoneyFact.happened_at).label("period")
        conditions = [self._money(period)]
        if period.currency:
            conditions.append(MoneyFact.currency == period.currency)
        return await self._rows(
            select(bucket, MoneyFact.currency, CAPTURED, REFUNDED)
            .where(*conditions)
            .group_by(bucket, MoneyFact.currency)
            .order_by(bucket, MoneyFact.currency)
        )

    async def funnel(self, period: Period, pipeline: str | None) -> list[Figures]:
        """Per pipeline and stage: deals that have been in it; those that were deleted count nowhere."""
        statement = (
            select(
                DealStageFact.pipeline,
                DealStageFact.stage,
                func.count().label("entered"),
                func.count()
                .filter(and_(DealFact.stage == DealStageFact.stage, DealFact.status == "open"))
                .label("now"),
                func.count().filter(DealFact.status == "won").label("won"),
                func.min(DealStageFact.entered_at).label("first"),
            )
            .join(
                DealFact,
                and_(
                    DealFact.tenant_id == DealStageFact.tenant_id, DealFact.deal_id == DealStageFact.deal_id
                ),
            )
            .where(
                DealStageFact.tenant_id == self.tenant_id,
                DealFact.status != "deleted",
                *period.holds(DealStageFact.entered_at),
            )
            .group_by(DealStageFact.pipeline, DealStageFact.stage)
            .order_by(DealStageFact.pipeline, func.count().desc(), func.min(DealStageFact.entered_at))
        )
        if pipeline:
            statement = statement.where(DealStageFact.pipeline == pipeline)
        return await self._rows(statement)

    async def lead_sources(self, period: Period, currency: str) -> list[Figures]:
        """Per source: leads, how many became deals, how many of those were won and for how much."""
        source = func.coalesce(LeadFact.source, "unknown").label("source")
        won = DealFact.status == "won"
        statement = (
            select(
                source,
                func.count().label("leads"),
                func.count(LeadFact.converted_at).label("converted"),
                func.count().filter(won).label("won"),
                func.coalesce(
                    func.sum(DealFact.amount).filter(and_(won, DealFact.currency == currency)), 0
                ).label("amount"),
            )
            .outerjoin(
                DealFact, and_(DealFact.tenant_id == LeadFact.tenant_id, DealFact.deal_id == LeadFact.deal_id)
            )
            .where(self._leads(period))
            .group_by(source)
            .order_by(func.count().desc(), source)
        )
        return await self._rows(statement)

    async def top_products(self, period: Period, currency: str, by: str, limit: int) -> list[Figures]:
        """The products sold most in paid orders, by money without tax or by pieces."""
        net = OrderLineFact.total - func.coalesce(OrderLineFact.tax_included, 0)
        revenue, quantity = func.sum(net), func.sum(OrderLineFact.quantity)
        statement = (
            select(
                OrderLineFact.product_id,
                func.max(OrderLineFact.name).label("name"),
                quantity.label("quantity"),
                revenue.label("revenue"),
                func.count(func.distinct(OrderLineFact.order_id)).label("orders"),
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
                OrderLineFact.currency == currency,
                *period.holds(OrderFact.paid_at),
            )
            .group_by(OrderLineFact.product_id)
            .order_by((revenue if by == "revenue" else quantity).desc(), OrderLineFact.product_id)
            .limit(limit)
        )
        return list((await self.session.execute(statement)).all())

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> list[Figures]:
        """All rows of a report, or none: totals over some of them would be wrong.

        Raises:
            ReportTooLong: there are more than `MAX_ROWS`.
        """
        rows = list((await self.session.execute(statement.limit(MAX_ROWS + 1))).all())
        if len(rows) > MAX_ROWS:
            raise ReportTooLong("Choose a shorter stretch or a wider grain.", limit=MAX_ROWS)
        return rows
