"""All SQL of tax rates."""

from collections import defaultdict

from sqlalchemy import Text, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct
from libs.common.db.repository import Repository
from services.orders.tax_rates.models import TaxRate
from services.orders.totals import TaxRule

_RULES = Direct(
    select(TaxRate.country, TaxRate.tax_class, TaxRate.rate_ppm, TaxRate.inclusive).where(
        TaxRate.tenant_id == bindparam("tenant_id", type_=Uuid()),
        TaxRate.country == any_(bindparam("countries", type_=ARRAY(Text()))),
    )
)


class TaxRateRepository(Repository[TaxRate]):
    """Tax rates of one tenant."""

    model = TaxRate

    async def rules(self, countries: set[str]) -> dict[str, dict[str, TaxRule]]:
        """The rules that hold in these countries, by country and tax class, in one query."""
        found: dict[str, dict[str, TaxRule]] = defaultdict(dict)
        if countries:
            rows = await _RULES.all(self.uow, tenant_id=self.uow.tenant_id, countries=list(countries))
            for country, tax_class, rate_ppm, inclusive in rows:
                found[country][tax_class] = TaxRule(rate_ppm, inclusive)
        return found
