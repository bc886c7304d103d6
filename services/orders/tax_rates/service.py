"""The rules of tax rates."""

from libs.common.resource import ResourceService
from services.orders.tax_rates.models import TaxRate
from services.orders.tax_rates.repository import TaxRateRepository


class TaxRateService(ResourceService[TaxRate]):
    """Tax rates of a business; a changed rate holds for open carts at once, for placed orders never."""

    repository = TaxRateRepository
    noun = "tax_rate"
