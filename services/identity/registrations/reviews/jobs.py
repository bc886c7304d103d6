"""Timed work on applications that wait too long."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from libs.contracts.audit import change_recorded
from libs.contracts.identity import RegistrationEscalated
from services.identity.registrations.models import OPEN, Registration, WaitingFor
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.requirements.needs import NeedsService
from services.identity.registrations.reviews.facts import changes_requested
from services.identity.registrations.reviews.repository import lock_late, staff_may
from services.identity.registrations.reviews.rights import DECIDE
from services.identity.registrations.rules.choosing import choose
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.registrations.timeline.repository import Timeline

_BATCH = 100


def waiting_too_long(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `escalate_registrations` finds."""
    return select(Registration.id).where(Registration.escalate_at <= now, Registration.status.in_(OPEN))


async def escalate_registrations(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Give what staff have left too long to a lead, and remind applicants; each once until its next time."""
    late = await lock_late(uow, uow.now, _BATCH)
    rules = await RuleRepository(uow).all() if late else []
    for registration in late:
        terms = choose(rules, registration.product, registration.country, registration.amounts)
        registration.escalations += 1
        again = terms.repeat_seconds
        registration.escalate_at = None if again is None else uow.now + timedelta(seconds=again)
        if registration.waiting_for == WaitingFor.STAFF:
            lead = terms.escalate_to_id
            # Who has left the staff since takes nothing over.
            is_there = lead is not None and await staff_may(uow, lead, DECIDE)
            registration.assignee_id = lead if is_there else None
            registration.assignee_role = None if is_there else terms.escalate_role
        else:
            needs = await NeedsService(uow, registration).requirements()
            labels = {requirement.code: requirement.label for requirement in needs}
            event = changes_requested(registration, uow, labels, is_reminder=True)
            uow.emit(event, tenant_id=registration.tenant_id)
        data = {
            "waiting_for": registration.waiting_for,
            "assignee_id": None if registration.assignee_id is None else str(registration.assignee_id),
            "assignee_role": registration.assignee_role,
            "escalations": registration.escalations,
        }
        Timeline(uow).add(registration, "escalated", data=data)
        uow.emit(
            RegistrationEscalated(
                registration_id=registration.id,
                company_name=registration.company_name,
                waiting_for=registration.waiting_for,
                assignee_id=registration.assignee_id,
                assignee_role=registration.assignee_role,
                escalations=registration.escalations,
            ),
            tenant_id=OPERATOR_TENANT_ID,
        )
        uow.emit(
            change_recorded("identity", "escalated", "registration", registration.id, None, data),
            tenant_id=OPERATOR_TENANT_ID,
        )
        await RegistrationRepository(uow).save(registration)
