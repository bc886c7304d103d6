"""What deals mean for registrations: one won approves the applicant, one lost turns it down, and what it is worth."""

from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.crm import DealAmountChanged, DealCreated, DealLost, DealMoved, DealReopened, DealWon
from services.identity.registrations.models import Registration
from services.identity.registrations.reviews.decisions import Decisions
from services.identity.registrations.reviews.models import Via
from services.identity.registrations.reviews.repository import maker_of


async def on_deal_won(event: DealWon, uow: UnitOfWork, envelope: Envelope) -> None:
    """Approve the applicant of a registration deal, or count the deal as one of the approvals needed."""
    decisions = Decisions(uow)
    registration = await _applicant(decisions, event, envelope)
    if registration is not None:
        await decisions.deal_won(
            registration,
            at=envelope.time,
            by=envelope.actor or "system:crm",
            voter_id=await _who(uow, envelope) or event.deal_id,
            amount=event.amount,
            reason=event.reason,
        )


async def on_deal_lost(event: DealLost, uow: UnitOfWork, envelope: Envelope) -> None:
    """Turn down the applicant of a registration deal."""
    decisions = Decisions(uow)
    registration = await _applicant(decisions, event, envelope)
    if registration is not None:
        await decisions.deal_worth(registration, at=envelope.time, amount=event.amount)
        await decisions.reject(
            registration, at=envelope.time, by=envelope.actor, reason=event.reason, via=Via.DEAL
        )


async def on_deal_reopened(event: DealReopened, uow: UnitOfWork, envelope: Envelope) -> None:
    """Take the deal's approval back while nothing is decided; what is decided stays until the deal is lost or won."""
    decisions = Decisions(uow)
    registration = await _applicant(decisions, event, envelope)
    if registration is not None:
        await decisions.deal_reopened(registration, at=envelope.time, by=envelope.actor, amount=event.amount)


async def on_deal_worth(
    event: DealCreated | DealMoved | DealAmountChanged, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Note what the deal over an application is worth, for the rules that depend on it."""
    decisions = Decisions(uow)
    registration = await _applicant(decisions, event, envelope)
    if registration is not None:
        await decisions.deal_worth(registration, at=envelope.time, amount=event.amount)


async def _who(uow: UnitOfWork, envelope: Envelope) -> UUID | None:
    """The person behind a fact; behind an API key who made it."""
    kind, _, ident = (envelope.actor or "").partition(":")
    return await maker_of(uow, UUID(ident)) if kind == "api_key" else envelope.actor_id


async def _applicant(
    decisions: Decisions,
    event: DealWon | DealLost | DealReopened | DealCreated | DealMoved | DealAmountChanged,
    envelope: Envelope,
) -> Registration | None:
    # A business that writes a registration's id into a deal of its own must not approve itself.
    if event.registration_id is None or envelope.tenant_id != OPERATOR_TENANT_ID:
        return None
    await decisions.uow.enter_platform()
    return await decisions.find(event.registration_id)
