"""An application that is handed in again, after changes were requested."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition
from libs.contracts.identity import RegistrationResubmitted
from libs.contracts.values import Business
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.requirements.errors import RequirementsNotMet
from services.identity.registrations.requirements.needs import NeedsService
from services.identity.registrations.reviews.repository import VoteRepository
from services.identity.registrations.reviews.steps import step
from services.identity.registrations.schemas import BUSINESS_FIELDS, ResubmitIn
from services.identity.registrations.service import RegistrationService
from services.identity.tenants.countries import currency_of
from services.identity.tenants.repository import TenantRepository


class Resubmission:
    """What an applicant does with his application, in the platform scope. Its row is locked first."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.seen = RegistrationService(uow)

    async def resubmit(self, registration_id: UUID, body: ResubmitIn) -> Registration:
        """Hand the application in again; the business takes over what it says of it.

        Raises:
            InvalidTransition: no changes were requested.
            RequirementsNotMet: something that was asked for is not there.
        """
        registration = await self.seen.own(registration_id)
        if registration.status != RegistrationStatus.CHANGES_REQUESTED:
            raise InvalidTransition("No changes were requested.", current_status=registration.status)
        before = (registration.business, registration.answers)
        if body.business is not None:
            await self._take_over(registration, body.business.changes())
        needs_service = NeedsService(self.uow, registration)
        if body.fields:
            await needs_service.answer(body.fields)
        if (registration.business, registration.answers) != before:
            await self.seen.withdraw_approvals(registration)
        needs = await needs_service.view()
        missing = [
            need.requirement.code
            for need in needs.items
            if need.is_asked_for and need.state == "missing" and need.requirement.kind != "check"
        ]
        missing += [
            n for n in registration.asked_for if n in BUSINESS_FIELDS and not registration.business.get(n)
        ]
        if missing:
            raise RequirementsNotMet(f"Still missing: {', '.join(missing)}.", missing=missing)
        # Whoever approved what has not changed since need not say so again.
        await VoteRepository(self.uow, registration).carry_on()
        registration.round += 1
        registration.asked_for = []
        await step(
            self.uow, registration, RegistrationStatus.SUBMITTED, None, "resubmitted", message=body.message
        )
        await needs_service.run_checks()
        self.uow.emit(
            RegistrationResubmitted(
                registration_id=registration.id,
                company_id=registration.tenant_id,
                company_name=registration.company_name,
                assignee_id=registration.assignee_id,
                assignee_role=registration.assignee_role,
                business=Business(**registration.business),
            ),
            tenant_id=OPERATOR_TENANT_ID,
        )
        return registration

    async def _take_over(self, registration: Registration, sent: Mapping[str, Any]) -> None:
        country = registration.country
        registration.business = {**registration.business, **sent}
        registration.company_name = registration.business["name"]
        tenant = await TenantRepository(self.uow).get(registration.tenant_id, lock=True)
        assert tenant is not None
        for name, value in sent.items():
            setattr(tenant, name, value)
        # Its currency follows its country, unless the business has chosen another.
        if tenant.currency == currency_of(country):
            tenant.currency = currency_of(registration.country)
        await TenantRepository(self.uow).save(tenant)
