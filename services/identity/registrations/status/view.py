"""What a link shows of an application."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.registrations.models import Registration, WaitingFor
from services.identity.registrations.requirements.needs import NeedsService
from services.identity.registrations.timeline.repository import TimelineRepository


async def status_of(uow: UnitOfWork, registration: Registration) -> dict[str, Any]:
    """Status, what is missing, and messages; nothing else."""
    needs = await NeedsService(uow, registration).view() if registration.is_open else None
    missing = [
        {
            "code": need.requirement.code,
            "kind": need.requirement.kind,
            "label": need.requirement.label,
            "description": need.requirement.description,
            "is_asked_for": need.is_asked_for,
        }
        for need in (needs.items if needs else [])
        # Whether a check passed is for staff; the applicant is told in words what to do.
        if need.is_asked_for or (need.is_unmet and need.requirement.kind != "check")
    ]
    known = {one["code"] for one in missing}
    missing += [
        {"code": name, "kind": "business", "label": name, "description": None, "is_asked_for": True}
        for name in registration.asked_for
        if name not in known
    ]
    messages = [
        {"at": entry.created_at, "kind": entry.kind, "text": entry.message}
        for entry in await TimelineRepository(uow, registration, is_public=True).messages()
    ]
    return {
        "status": registration.status,
        "waiting_for": registration.waiting_for,
        "submitted_at": registration.created_at,
        "updated_at": registration.updated_at,
        "due_at": registration.due_at if registration.waiting_for == WaitingFor.APPLICANT else None,
        "missing": missing,
        "messages": messages,
    }
