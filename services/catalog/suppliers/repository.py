"""All SQL of suppliers."""

from libs.common.db.repository import Repository
from services.catalog.suppliers.models import Supplier


class SupplierRepository(Repository[Supplier]):
    """Suppliers of one tenant."""

    model = Supplier
