"""The shipping providers by name."""

from services.orders.shipping.providers.base import ShippingProvider
from services.orders.shipping.providers.table import TableProvider

PROVIDERS: dict[str, ShippingProvider] = {"table": TableProvider()}
