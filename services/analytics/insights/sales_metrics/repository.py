"""The SQL of sales metrics, beside that of the sales report."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select

from services.analytics.facts.models import LeadFact, MoneyFact, OrderFact
from services.analytics.reports.period import Period
from services.analytics.reports.repository import IS_LEAD, Figures, ReportRepository


class SalesMetricsRepository(ReportRepository):
    """Reads what the sales report does not show."""

    async def paid(self, period: Period, currency: str) -> Figures:
        """Orders paid in the stretch and what they came to."""
        statement = select(
            func.count().label("orders"), func.coalesce(func.sum(OrderFact.total), 0).label("total")
        ).where(
            OrderFact.tenant_id == self.tenant_id,
            OrderFact.currency == currency,
            *period.holds(OrderFact.paid_at),
        )
        return (await self.session.execute(statement)).one()

    async def placed(self, period: Period, currency: str) -> Figures:
        """Orders placed in the stretch, and how many of them were paid at any time."""
        statement = select(func.count().label("placed"), func.count(OrderFact.paid_at).label("paid")).where(
            OrderFact.tenant_id == self.tenant_id,
            OrderFact.currency == currency,
            *period.holds(OrderFact.placed_at),
        )
        return (await self.session.execute(statement)).one()

    async def customers(self, periods: Sequence[Period], currency: str) -> list[tuple[int, int]]:
        """Per stretch: customers with a paid order in it, and those of them with more than one by its end."""
        counts = []
        for number, period in enumerate(periods):
            assert period.date_to is not None
            counts += [
                func.count().filter(and_(*period.holds(OrderFact.paid_at))).label(f"within_{number}"),
                func.count().filter(OrderFact.paid_at < period.date_to).label(f"by_end_{number}"),
            ]
        each = (
            select(*counts)
            .where(
                OrderFact.tenant_id == self.tenant_id,
                OrderFact.currency == currency,
                OrderFact.paid_at < max(period.date_to for period in periods if period.date_to),
            )
            .group_by(OrderFact.customer)
            .subquery()
        )
        figures = []
        for number in range(len(periods)):
            is_within = each.c[f"within_{number}"] > 0
            figures += [
                func.count().filter(is_within),
                func.count().filter(and_(is_within, each.c[f"by_end_{number}"] > 1)),
            ]
        row = (await self.session.execute(select(*figures))).one()
        return [(row[2 * number], row[2 * number + 1]) for number in range(len(periods))]

    async def leads(self, period: Period) -> Figures:
        """Leads that came in during the stretch, and how many of them became deals."""
        statement = select(
            func.count().label("leads"), func.count(LeadFact.converted_at).label("converted")
        ).where(LeadFact.tenant_id == self.tenant_id, IS_LEAD, *period.holds(LeadFact.created_at))
        return (await self.session.execute(statement)).one()

    async def first_money_at(self, currency: str) -> datetime | None:
        """When money of the currency first came in."""
        statement = (
            select(MoneyFact.happened_at)
            .where(MoneyFact.tenant_id == self.tenant_id, MoneyFact.currency == currency)
            .order_by(MoneyFact.happened_at)
            .limit(1)
        )
        return (await self.session.execute(statement)).scalar()
