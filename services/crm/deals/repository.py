"""All SQL of deals."""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from libs.common.db.repository import Repository
from services.crm.deals.models import Deal

_SHOWN = ["pipeline_row", "stage_row", "lines"]


class DealRepository(Repository[Deal]):
    """Deals of one tenant."""

    model = Deal

    async def add(self, row: Deal) -> Deal:
        """Insert a deal, and load what is shown with it."""
        await super().add(row)
        await self.session.refresh(row, _SHOWN)
        return row

    async def save(self, row: Deal) -> Deal:
        """Flush the changes of a deal, and load what is shown with it anew."""
        await super().save(row)
        await self.session.refresh(row, _SHOWN)
        return row

    async def any_in(self, **where: UUID) -> bool:
        """Whether there are deals of a `pipeline_id` or at a `stage_id`."""
        statement = select(exists(self.select().filter_by(**where)))
        return bool((await self.session.execute(statement)).scalar())

    async def of_registration(self, registration_id: UUID) -> Deal | None:
        """The deal that decides on a registration, even one that was removed."""
        statement = select(Deal).where(
            Deal.tenant_id == self.uow.tenant_id, Deal.registration_id == registration_id
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def open_of_applicant(self, company_id: UUID) -> list[Any]:
        """The open deals that decide on a business, locked."""
        statement = self.select().where(
            Deal.applicant_company_id == company_id,
            Deal.registration_id.is_not(None),
            Deal.status == "open",
        )
        statement = statement.order_by(Deal.id).with_for_update().execution_options(populate_existing=True)
        return list((await self.session.execute(statement)).scalars())
