"""From a registration to the deal that decides on it, and from the assigned product to the deal's line.

The two facts come in either order: each looks for the other under a lock on the applicant.
"""

from datetime import datetime

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.failures import RetryLater
from libs.contracts.catalog import ProductAssigned
from libs.contracts.identity import RegistrationResubmitted, RegistrationSubmitted
from libs.contracts.values import Business
from services.crm.chat.service import ChatService
from services.crm.companies.models import Company
from services.crm.companies.service import CompanyService
from services.crm.contacts.models import Contact
from services.crm.contacts.service import ContactService
from services.crm.deal_lines.models import DealLine
from services.crm.deal_lines.service import sum_up
from services.crm.deals.models import Deal
from services.crm.deals.service import DealService
from services.crm.locks import lock
from services.crm.people.service import PersonService
from services.crm.pipelines.service import REGISTRATIONS, PipelineService
from services.crm.registrations.models import AssignedProduct
from services.crm.registrations.repository import AssignedProductRepository


class RegistrationFlow:
    """Opens and prices registration deals, in the operator tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.deals = DealService(uow)
        self.products = AssignedProductRepository(uow)

    async def open(self, event: RegistrationSubmitted) -> None:
        """Make the company, the contact and the deal of a registration, and tell the staff; once per registration."""
        await lock(self.uow, "applicant", event.company_id)
        if await self.deals.rows.of_registration(event.registration_id) is not None:
            return
        company = await self._company(event)
        contact = await self._contact(event, company)
        pipeline = await PipelineService(self.uow).ensure(REGISTRATIONS)
        currency = self.uow.context.settings.default_currency
        line = {
            "sku": event.product,
            "name": event.product,
            "quantity": 1,
            "unit_price": {"amount": 0, "currency": currency},
            "product_id": None,
        }
        product = await self.products.get(event.company_id, event.product)
        if product is not None:
            price = {"amount": product.price_minor, "currency": product.currency}
            line |= {"sku": product.sku, "name": product.name}
            line |= {"unit_price": price, "product_id": product.product_id}
        deal = await self.deals.open(
            {
                "name": _deal_name(event.company_name),
                "lines": [line],
                "pipeline_id": pipeline.id,
                "company_id": company.id,
                "contact_id": contact.id,
                "source": "registration",
            },
            registration_id=event.registration_id,
            applicant_company_id=event.company_id,
        )
        await self._tell(event, deal)

    async def correct(self, event: RegistrationResubmitted) -> None:
        """Take over what the applicant says of its business now.

        Raises:
            RetryLater: its application has not been heard of yet.
        """
        if event.business is None:
            return
        await lock(self.uow, "applicant", event.company_id)
        companies = CompanyService(self.uow)
        company = await companies.rows.find(Company.applicant_company_id == event.company_id)
        if company is None:
            raise RetryLater("The registration was not handled yet.")
        before = {name: getattr(company, name) for name in Business.model_fields}
        after = event.business.model_dump()
        if after == before:
            return
        for name, value in after.items():
            setattr(company, name, value)
        await companies.rows.save(company)
        self.uow.audit("updated", "company", company.id, before=before, after=after)
        for deal in await self.deals.rows.open_of_applicant(event.company_id):
            if deal.name == _deal_name(before["name"]):
                deal.name = _deal_name(company.name)
                await self.deals.rows.save(deal)

    async def price(self, event: ProductAssigned, at: datetime) -> None:
        """Remember the product of a business, and put it with its price on the line that waits for it."""
        await lock(self.uow, "applicant", event.company_id)
        await self.products.put(event, at)
        product = await self.products.get(event.company_id, event.sku)
        assert product is not None
        codes = {event.sku, event.asked}
        for deal in await self.deals.rows.open_of_applicant(event.company_id):
            waiting = [line for line in deal.lines if line.sku in codes and line.product_id is None]
            for line in waiting:
                _fill(line, product, alone=len(deal.lines) == 1)
            if waiting:
                await sum_up(self.uow, deal)

    async def _company(self, event: RegistrationSubmitted) -> Company:
        companies = CompanyService(self.uow)
        found = await companies.rows.find(Company.applicant_company_id == event.company_id)
        if found is not None:
            return found
        business = event.business
        company = Company(
            name=event.company_name,
            registration_number=business.registration_number,
            email=event.owner_email,
            phone=business.phone,
            website=business.website,
            address=business.address,
            country=business.country,
            industry=business.industry,
            applicant_company_id=event.company_id,
        )
        await companies.rows.add(company)
        self.uow.audit("created", "company", company.id, after={"name": company.name})
        return company

    async def _contact(self, event: RegistrationSubmitted, company: Company) -> Contact:
        contacts = ContactService(self.uow)
        found = await contacts.rows.find(Contact.company_id == company.id, Contact.email == event.owner_email)
        if found is not None:
            return found
        contact = Contact(
            name=f"{event.owner_first_name} {event.owner_last_name}".strip(),
            first_name=event.owner_first_name,
            last_name=event.owner_last_name,
            email=event.owner_email,
            phone=event.owner_phone,
            company_id=company.id,
            source="registration",
        )
        await contacts.rows.add(contact)
        self.uow.audit("created", "contact", contact.id, after={"name": contact.name})
        return contact

    async def _tell(self, event: RegistrationSubmitted, deal: Deal) -> None:
        staff = await PersonService(self.uow).colleagues()
        text = (
            f"{event.company_name} applied for {deal.lines[0].name}. "
            f"Owner: {event.owner_first_name} {event.owner_last_name}, {event.owner_email}."
        )
        await ChatService(self.uow).announce("deal", deal.id, text, staff.keys())


def _deal_name(company_name: str) -> str:
    return f"Registration of {company_name}"


def _fill(line: DealLine, product: AssignedProduct, *, alone: bool) -> None:
    line.sku, line.name, line.product_id = product.sku, product.name, product.product_id
    # A price that somebody set meanwhile stays, and so does the currency of the other lines.
    if line.unit_price_minor == 0 and (alone or line.currency == product.currency):
        line.unit_price_minor, line.currency = product.price_minor, product.currency
