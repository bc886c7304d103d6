"""All SQL of tax rates."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct, Row, Run
from libs.common.db.repository import Repository
from services.orders.carts.models import Cart
from services.orders.tax_rates.models import TaxRate
from services.orders.totals import TaxRule

_OF_TENANT = select(TaxRate.country, TaxRate.tax_class, TaxRate.rate_ppm, TaxRate.inclusive).where(
    TaxRate.tenant_id == bindparam("tenant_id", type_=Uuid())
)
_RULES = Direct(_OF_TENANT.where(TaxRate.country == any_(bindparam("countries", type_=ARRAY(Text())))))
_RULES_OF_CART = Direct(
    _OF_TENANT.where(
        TaxRate.country
        == select(Cart.address["country"].astext)
        .where(
            Cart.tenant_id == bindparam("tenant_id", type_=Uuid()),
            Cart.id == bindparam("cart_id", type_=Uuid()),
        )
        .scalar_subquery()
    )
)


class TaxRateRepository(Repository[TaxRate]):
    """Tax rates of one tenant."""

    model = TaxRate

    def of(self, countries: set[str]) -> Run:
        """What asks for the rates of these countries; `rules` reads the answer."""
        return _RULES, {"tenant_id": self.uow.tenant_id, "countries": list(countries)}

    def of_cart(self, cart_id: UUID) -> Run:
        """What asks for the rates of the country a cart goes to; `rules` reads the answer."""
        return _RULES_OF_CART, {"tenant_id": self.uow.tenant_id, "cart_id": cart_id}

    @staticmethod
    def rules(rows: Sequence[Row]) -> dict[str, dict[str, TaxRule]]:
        """The rules by country and tax class."""
        found: dict[str, dict[str, TaxRule]] = defaultdict(dict)
        for country, tax_class, rate_ppm, inclusive in rows:
            found[country][tax_class] = TaxRule(rate_ppm, inclusive)
        return found
