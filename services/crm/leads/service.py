"""The rules of leads."""

from typing import Any

from pydantic import BaseModel

from libs.common.errors import InvalidTransition
from libs.contracts.crm import LeadChanged, LeadCreated
from services.crm.leads.models import Lead
from services.crm.leads.repository import LeadRepository
from services.crm.links import LinkedService


class LeadService(LinkedService[Lead]):
    """Leads of a business."""

    repository = LeadRepository
    noun = "lead"

    async def create(self, body: BaseModel) -> Lead:
        """Add a lead, and tell of it."""
        lead = await super().create(body)
        self.uow.emit(LeadCreated(lead_id=lead.id, name=lead.name, source=lead.source))
        return lead

    async def prepare(self, values: dict[str, Any], row: Lead | None) -> dict[str, Any]:
        """Split the amount into its columns; let nobody take a conversion back.

        Raises:
            InvalidTransition: the lead is converted, so that its status stays.
        """
        values = await super().prepare(values, row)
        if row is not None and row.status == "converted" and "status" in values:
            raise InvalidTransition("The lead is converted, so its status stays.", current_status=row.status)
        if "amount" in values:
            amount = values.pop("amount")
            amount = amount.model_dump() if isinstance(amount, BaseModel) else amount or {}
            values |= {"amount_minor": amount.get("amount"), "currency": amount.get("currency")}
        return values

    def _record(self, action: str, row: Lead, before: dict[str, Any] | None) -> None:
        super()._record(action, row, before)
        if action in ("updated", "deleted"):
            self.uow.emit(
                LeadChanged(
                    lead_id=row.id,
                    name=row.name,
                    status=row.status,
                    source=row.source,
                    owner_id=row.owner_id,
                    deleted=action == "deleted",
                )
            )
