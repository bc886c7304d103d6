"""What deals mean for registrations: one won approves the applicant, one lost turns it down."""

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.crm import DealCreated, DealLost, DealMoved, DealWon
from services.identity.registrations.models import Registration
from services.identity.registrations.reviews.decisions import Decisions
from services.identity.registrations.reviews.models import Via


async def on_deal_won(event: DealWon, uow: UnitOfWork, envelope: Envelope) -> None:
    """Approve the applicant of a registration deal, or count the deal as one of the approvals needed."""
    decisions = Decisions(uow)
    registration = await _applicant(decisions, event, envelope)
    if registration is not None:
        await decisions.deal_won(
            registration,
            at=envelope.time,
            by=envelope.actor or "system:crm",
            voter_id=envelope.actor_id or event.deal_id,
            amount=event.amount,
            reason=event.reason,
        )


async def on_deal_lost(event: DealLost, uow: UnitOfWork, envelope: Envelope) -> None:
    """Turn down the applicant of a registration deal."""
    decisions = Decisions(uow)
    registration = await _applicant(decisions, event, envelope)
    if registration is not None:
        await decisions.reject(
            registration, at=envelope.time, by=envelope.actor, reason=event.reason, via=Via.DEAL
        )


async def on_deal_worth(event: DealCreated | DealMoved, uow: UnitOfWork, envelope: Envelope) -> None:
    """Note what the deal over an application is worth, for the rules that depend on it."""
    registration = await _applicant(Decisions(uow), event, envelope)
    if registration is not None and registration.is_open:
        registration.deal_minor, registration.deal_currency = event.amount.amount, event.amount.currency


async def _applicant(
    decisions: Decisions, event: DealWon | DealLost | DealCreated | DealMoved, envelope: Envelope
) -> Registration | None:
    # A business that writes a registration's id into a deal of its own must not approve itself.
    if event.registration_id is None or envelope.tenant_id != OPERATOR_TENANT_ID:
        return None
    await decisions.uow.enter_platform()
    return await decisions.find(event.registration_id)
