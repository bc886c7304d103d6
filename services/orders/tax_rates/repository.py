"""All SQL of tax rates."""

from collections import defaultdict

from sqlalchemy import select

from libs.common.db.repository import Repository
from services.orders.tax_rates.models import TaxRate
from services.orders.totals import TaxRule


class TaxRateRepository(Repository[TaxRate]):
    """Tax rates of one tenant."""

    model = TaxRate

    async def rules(self, countries: set[str]) -> dict[str, dict[str, TaxRule]]:
        """The rules that hold in these countries, by country and tax class, in one query."""
        found: dict[str, dict[str, TaxRule]] = defaultdict(dict)
        if countries:
            statement = select(TaxRate).where(
                TaxRate.tenant_id == self.uow.tenant_id, TaxRate.country.in_(countries)
            )
            for row in (await self.session.execute(statement)).scalars():
                found[row.country][row.tax_class] = TaxRule(row.rate_ppm, row.inclusive)
        return found
