"""The rules of suppliers."""

from typing import Any

from sqlalchemy import func

from libs.common.errors import AlreadyExists
from libs.common.resource import ResourceService
from services.catalog.suppliers.models import Supplier
from services.catalog.suppliers.repository import SupplierRepository


class SupplierService(ResourceService[Supplier]):
    """From whom a business buys."""

    repository = SupplierRepository
    noun = "supplier"

    async def prepare(self, values: dict[str, Any], row: Supplier | None) -> dict[str, Any]:
        """See that code and outside id are free.

        Raises:
            AlreadyExists: another supplier has one of them; it is named.
        """
        for field, is_same in (
            ("code", func.lower(Supplier.code) == func.lower(values.get("code"))),
            ("external_id", Supplier.external_id == values.get("external_id")),
        ):
            if values.get(field) is None:
                continue
            taken = await self.rows.find(is_same)
            if taken is not None and (row is None or taken.id != row.id):
                raise AlreadyExists(f"Another supplier has this {field}.", field=field)
        return values
