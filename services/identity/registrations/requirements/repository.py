"""All SQL of requirements, documents and results of checks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import undefer

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.repository import Repository
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.registrations.models import Registration
from services.identity.registrations.requirements.matching import applicable
from services.identity.registrations.requirements.models import CheckResult, Document, Requirement
from services.identity.tenants.models import Tenant, TenantStatus

# More requirements than these hold for no application, and more files than these are kept of none.
MOST = 500
MOST_DOCUMENTS = 50
_DOUBLES = 5


class RequirementRepository(Repository[Requirement]):
    """What the operator requires."""

    model = Requirement

    async def applicable(self, product: str, country: str | None) -> list[Requirement]:
        """The requirements that hold for applications for a product from a country, by code."""
        statement = (
            select(Requirement)
            .where(
                Requirement.tenant_id == OPERATOR_TENANT_ID,
                or_(Requirement.product.is_(None), Requirement.product == product),
                or_(Requirement.country.is_(None), Requirement.country == country),
            )
            .order_by(Requirement.created_at, Requirement.id)
            .limit(MOST)
        )
        return applicable((await self.session.execute(statement)).scalars(), product, country)


class DocumentRepository(Repository[Document]):
    """The documents of one application."""

    model = Document

    def __init__(self, uow: UnitOfWork, registration: Registration) -> None:
        super().__init__(uow)
        self.registration = registration

    def select(self) -> Select[Any]:
        """Those of the application."""
        mine = (
            Document.tenant_id == self.registration.tenant_id,
            Document.registration_id == self.registration.id,
        )
        return super().select().where(*mine)

    async def whole(self, document_id: UUID) -> Document | None:
        """A document with its bytes."""
        statement = self.select().where(Document.id == document_id).options(undefer(Document.content))
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def newest(self) -> dict[str, Document]:
        """The newest document by requirement."""
        statement = self.select().order_by(Document.created_at, Document.id).limit(MOST_DOCUMENTS)
        return {row.requirement: row for row in (await self.session.execute(statement)).scalars()}

    async def kept(self) -> int:
        """How many there are, those counted too that others have replaced."""
        statement = select(func.count(Document.id)).where(
            Document.tenant_id == self.registration.tenant_id,
            Document.registration_id == self.registration.id,
        )
        return int(await self.session.scalar(statement) or 0)

    async def replace(self, row: Document) -> Document:
        """Keep a document, in the place of the one before."""
        for old in await self.find_all(Document.requirement == row.requirement):
            await self.delete(old)
        return await self.add(row)


class CheckRepository:
    """The results of the checks of one application."""

    def __init__(self, uow: UnitOfWork, registration: Registration) -> None:
        self.uow = uow
        self.registration = registration

    async def add(self, results: Sequence[CheckResult]) -> None:
        """Keep results; those before stay."""
        self.uow.session.add_all(results)
        await self.uow.session.flush()

    async def newest(self) -> list[CheckResult]:
        """The newest result of each check in this round."""
        statement = (
            select(CheckResult)
            .where(
                CheckResult.tenant_id == self.registration.tenant_id,
                CheckResult.registration_id == self.registration.id,
                CheckResult.round == self.registration.round,
            )
            .order_by(CheckResult.created_at, CheckResult.id)
        )
        rows = (await self.uow.session.execute(statement)).scalars()
        return list({row.requirement: row for row in rows}.values())

    async def doubles(self) -> tuple[str, ...]:
        """The names of other businesses with the same number, or the same name in the same country."""
        business = self.registration.business
        number, country = business.get("registration_number"), business.get("country")
        same = [Tenant.name == self.registration.company_name]
        if country is not None:
            same[0] = same[0] & (Tenant.country == country)
        if number:
            same.append(Tenant.registration_number == number)
        found: list[str] = []
        for condition in same:
            statement = (
                select(Tenant.name)
                .where(
                    condition,
                    Tenant.id != self.registration.tenant_id,
                    Tenant.status.not_in([TenantStatus.REJECTED, TenantStatus.CLOSED]),
                )
                .limit(_DOUBLES)
            )
            found += (await self.uow.session.execute(statement)).scalars()
        return tuple(found)
