"""Converting a lead: company, contact and deal in one commit."""

from uuid import UUID

from libs.common.errors import InvalidTransition
from libs.common.resource import snapshot
from libs.contracts.crm import LeadConverted
from services.crm.companies.models import Company
from services.crm.companies.schemas import CompanyCreate
from services.crm.companies.service import CompanyService
from services.crm.contacts.models import Contact
from services.crm.contacts.schemas import ContactCreate
from services.crm.contacts.service import ContactService
from services.crm.deals.models import Deal
from services.crm.deals.service import DealService
from services.crm.leads.models import Lead
from services.crm.leads.schemas import ConversionOut, LeadConvert
from services.crm.leads.service import LeadService
from services.crm.links import UnknownReference


class LeadConversion(LeadService):
    """Turns leads into deals. The lead's row is locked, so that one lead becomes one deal."""

    async def convert(self, lead_id: UUID, body: LeadConvert) -> ConversionOut:
        """Make the company (unless one is named), the contact (likewise) and the deal of a lead.

        Raises:
            InvalidTransition: it was converted before; the problem names what it became.
            UnknownReference: something named does not exist.
        """
        lead = await self.get(lead_id, lock=True)
        self.check_version(lead)
        if lead.status == "converted":
            raise InvalidTransition(
                "The lead was converted before.",
                current_status=lead.status,
                company_id=lead.company_id,
                contact_id=lead.contact_id,
                deal_id=lead.deal_id,
            )
        before = snapshot(lead)
        company = await self._company(lead, body)
        contact = await self._contact(lead, body, company)
        deal = await self._deal(lead, body, company, contact)
        lead.status, lead.converted_at = "converted", self.uow.now
        lead.company_id, lead.contact_id, lead.deal_id = company.id, contact.id, deal.id
        await self.rows.save(lead)
        self._record("converted", lead, before)
        self.uow.emit(
            LeadConverted(
                lead_id=lead.id,
                source=lead.source,
                company_id=company.id,
                contact_id=contact.id,
                deal_id=deal.id,
            )
        )
        self.uow.tag(lead.version)
        return ConversionOut.model_validate(
            {"lead": lead, "company": company, "contact": contact, "deal": deal}, from_attributes=True
        )

    async def _company(self, lead: Lead, body: LeadConvert) -> Company:
        companies = CompanyService(self.uow)
        if body.company_id is None:
            name = lead.company_name or lead.name
            # What the lead says was taken before, by the rules of its time.
            return await companies.create(
                CompanyCreate.model_construct(name=name, email=lead.email, phone=lead.phone)
            )
        company = await companies.rows.get(body.company_id)
        if company is None:
            raise UnknownReference("There is no such company.", field="company_id")
        return company

    async def _contact(self, lead: Lead, body: LeadConvert, company: Company) -> Contact:
        contacts = ContactService(self.uow)
        if body.contact_id is None:
            return await contacts.create(
                ContactCreate.model_construct(
                    first_name=lead.first_name or lead.name[:100],
                    last_name=lead.last_name,
                    email=lead.email,
                    phone=lead.phone,
                    company_id=company.id,
                    source=lead.source,
                )
            )
        contact = await contacts.rows.get(body.contact_id)
        if contact is None:
            raise UnknownReference("There is no such contact.", field="contact_id")
        return contact

    async def _deal(self, lead: Lead, body: LeadConvert, company: Company, contact: Contact) -> Deal:
        return await DealService(self.uow).open(
            {
                "name": body.deal_name or lead.name,
                "description": lead.description,
                "lines": [],
                "amount": lead.amount,
                "company_id": company.id,
                "contact_id": contact.id,
                "source": lead.source,
                "tags": list(lead.tags),
                "pipeline_id": body.pipeline_id,
                "stage_id": body.stage_id,
            },
            # Checked when the lead was given to him; he keeps it though he may have left since.
            owner_id=lead.owner_id,
        )
