"""The time limits of an application."""

from datetime import datetime, timedelta

from services.identity.registrations.models import Registration, WaitingFor
from services.identity.registrations.rules.choosing import Terms


def start(registration: Registration, terms: Terms, now: datetime) -> None:
    """Set when whoever it waits for now is to have acted; nothing where the terms set no limit."""
    limits = {WaitingFor.STAFF: terms.review_seconds, WaitingFor.APPLICANT: terms.applicant_seconds}
    seconds = limits.get(registration.waiting_for)
    registration.due_at = None if seconds is None else now + timedelta(seconds=seconds)
    registration.escalate_at = registration.due_at
    registration.escalations = 0
    registration.approvals_needed = terms.approvals


def stop(registration: Registration) -> None:
    """End the time limit."""
    registration.due_at = registration.escalate_at = None
