"""The rules of contacts."""

from typing import Any, ClassVar

from services.crm.companies.repository import CompanyRepository
from services.crm.contacts.models import Contact
from services.crm.contacts.repository import ContactRepository
from services.crm.links import LinkedService


class ContactService(LinkedService[Contact]):
    """Contacts of a business."""

    repository = ContactRepository
    noun = "contact"
    links: ClassVar = {"company_id": CompanyRepository}

    async def prepare(self, values: dict[str, Any], row: Contact | None) -> dict[str, Any]:
        """Keep the full name, by which lists are sorted and searched, in step with its parts."""
        values = await super().prepare(values, row)
        first = values.get("first_name", row.first_name if row else "")
        last = values.get("last_name", row.last_name if row else None)
        return values | {"name": f"{first} {last or ''}".strip()}
