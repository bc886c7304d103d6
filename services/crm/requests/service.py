"""The rules of requests."""

from typing import Any, ClassVar

from pydantic import BaseModel

from libs.contracts.crm import RequestSubmitted
from services.crm.companies.repository import CompanyRepository
from services.crm.contacts.repository import ContactRepository
from services.crm.deals.repository import DealRepository
from services.crm.links import LinkedService
from services.crm.requests.models import Request
from services.crm.requests.repository import RequestRepository


class RequestService(LinkedService[Request]):
    """Commercial requests to a business."""

    repository = RequestRepository
    noun = "request"
    links: ClassVar = {
        "company_id": CompanyRepository,
        "contact_id": ContactRepository,
        "deal_id": DealRepository,
    }

    async def create(self, body: BaseModel) -> Request:
        """Take a request, and tell of it."""
        request = await super().create(body)
        self.uow.emit(RequestSubmitted(request_id=request.id, name=request.name, source=request.source))
        return request

    async def prepare(self, values: dict[str, Any], row: Request | None) -> dict[str, Any]:
        """Check the references, and split the budget into its columns."""
        values = await super().prepare(values, row)
        if "budget" in values:
            budget = values.pop("budget")
            budget = budget.model_dump() if isinstance(budget, BaseModel) else budget or {}
            values |= {"budget_minor": budget.get("amount"), "currency": budget.get("currency")}
        return values
