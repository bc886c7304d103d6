"""What must always hold in this service's data."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, union_all

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant
from services.identity.audit_log.models import AuditChain, AuditEntry
from services.identity.audit_log.verification import verify_chain
from services.identity.db import MODELS
from services.identity.members.models import MemberRole
from services.identity.registrations.models import OPEN, Registration, RegistrationStatus
from services.identity.registrations.provisioning.models import Step, StepState
from services.identity.registrations.provisioning.steps import STEPS
from services.identity.registrations.reviews.models import Via, Vote
from services.identity.roles.catalogue import OWNER
from services.identity.roles.models import Role
from services.identity.sessions.models import RefreshToken
from services.identity.signing_keys.models import SigningKey
from services.identity.tenants.models import Tenant, TenantStatus

_EXAMPLES = 5
AUDIT_HANDLER = "identity.record_audit"


async def _count(
    uow: UnitOfWork, noun: str, column: ColumnElement[Any], breach: ColumnElement[bool]
) -> Finding:
    total = await uow.session.scalar(select(func.count(column)))
    return Finding(f"{total} {noun}", *await _found(uow, select(column).where(breach)))


async def _found(uow: UnitOfWork, breaches: Select[Any]) -> tuple[int, tuple[str, ...]]:
    """How many there are, and some of them.

    Both at once: for a few rows alone, which a healthy installation does not have, Postgres would look through the whole
    of one table for each row of the other.
    """
    found = await uow.session.execute(breaches.add_columns(func.count().over()).limit(_EXAMPLES))
    rows = found.all()
    return (rows[0][1] if rows else 0), tuple(str(row[0]) for row in rows)


async def every_held_role_exists(uow: UnitOfWork) -> Finding:
    """A role that somebody holds is the business's own or one of the platform."""
    known = exists().where(
        Role.code == MemberRole.role,
        or_(
            Role.tenant_id == MemberRole.tenant_id, and_(Role.is_system, Role.tenant_id == OPERATOR_TENANT_ID)
        ),
    )
    return await _count(uow, "roles held", MemberRole.member_id.expression, ~known)


async def every_open_company_has_an_owner(uow: UnitOfWork) -> Finding:
    """A business that has not closed has somebody who owns it; the operator has staff instead."""
    owned = exists().where(MemberRole.tenant_id == Tenant.tenant_id, MemberRole.role == OWNER)
    breach = and_(Tenant.status != TenantStatus.CLOSED, Tenant.id != OPERATOR_TENANT_ID, ~owned)
    return await _count(uow, "companies", Tenant.id.expression, breach)


async def decisions_show_in_companies(uow: UnitOfWork) -> Finding:
    """An approved business does not wait or stand rejected; one not yet decided does not trade."""
    other = exists().where(
        Tenant.tenant_id == Registration.tenant_id,
        or_(
            and_(
                Registration.status == RegistrationStatus.APPROVED,
                Tenant.status.in_([TenantStatus.PENDING, TenantStatus.REJECTED]),
            ),
            and_(Registration.status != RegistrationStatus.APPROVED, Tenant.status == TenantStatus.ACTIVE),
        ),
    )
    return await _count(uow, "registrations", Registration.id.expression, other)


async def approvals_were_given(uow: UnitOfWork) -> Finding:
    """What was approved by approvals has as many as were needed, by different people with different rights."""
    given = (
        select(func.count(Vote.id))
        .where(
            Vote.tenant_id == Registration.tenant_id,
            Vote.registration_id == Registration.id,
            Vote.round == Registration.round,
        )
        .scalar_subquery()
    )
    breach = and_(
        Registration.status == RegistrationStatus.APPROVED,
        Registration.decided_via == Via.VOTES,
        given < func.coalesce(Registration.approvals_needed, 1),
    )
    return await _count(uow, "registrations", Registration.id.expression, breach)


async def nobody_approves_his_own(uow: UnitOfWork) -> Finding:
    """No approval is the owner's, or given with the owner's right."""
    own = exists().where(
        Registration.tenant_id == Vote.tenant_id,
        Registration.id == Vote.registration_id,
        or_(Vote.voter_id == Registration.owner_user_id, Vote.right_of_id == Registration.owner_user_id),
    )
    return await _count(uow, "approvals", Vote.id.expression, own)


async def no_clock_runs_on_what_is_decided(uow: UnitOfWork) -> Finding:
    """An application that is decided has no time limit left."""
    running = or_(Registration.due_at.is_not(None), Registration.escalate_at.is_not(None))
    breach = and_(Registration.status.not_in(OPEN), running)
    return await _count(uow, "registrations", Registration.id.expression, breach)


async def steps_go_on_or_have_ended(uow: UnitOfWork) -> Finding:
    """A step that runs has a next attempt, one that is done has its time, and none runs for who was turned down."""
    rejected = exists().where(
        Registration.tenant_id == Step.tenant_id, Registration.status == RegistrationStatus.REJECTED
    )
    breach = or_(
        and_(Step.state == StepState.RUNNING, or_(Step.next_attempt_at.is_(None), rejected)),
        and_(Step.state != StepState.RUNNING, Step.next_attempt_at.is_not(None)),
        (Step.state == StepState.DONE) != Step.done_at.is_not(None),
    )
    return await _count(uow, "provisioning steps", Step.id.expression, breach)


async def no_company_is_half_provisioned(uow: UnitOfWork) -> Finding:
    """A business that has one step of its setting up has them all."""
    partly = select(Step.tenant_id).group_by(Step.tenant_id).having(func.count(Step.id) < len(STEPS))
    total, examples = await _found(uow, partly)
    return Finding(f"{total} companies with some of the steps", total, examples)


async def one_key_signs(uow: UnitOfWork) -> Finding:
    """There is exactly one current signing key."""
    current = await uow.session.scalar(
        select(func.count(SigningKey.id)).where(SigningKey.retired_at.is_(None))
    )
    return Finding(f"{current} current signing keys", abs(int(current or 0) - 1))


async def one_refresh_token_per_session(uow: UnitOfWork) -> Finding:
    """No session has two refresh tokens that still work."""
    unused = select(RefreshToken.session_id).where(RefreshToken.used_at.is_(None))
    doubled = unused.group_by(RefreshToken.session_id).having(func.count() > 1)
    total, examples = await _found(uow, doubled)
    return Finding(f"{total} sessions with several live refresh tokens", total, examples)


async def the_audit_log_is_whole(uow: UnitOfWork) -> Finding:
    """No entry of any business was altered, removed, moved or put in since it was written."""
    entries, faults = 0, 0
    examples: list[str] = []
    last = UUID(int=0)
    while (tenant_id := await uow.session.scalar(_next_log(last))) is not None:
        checked = await verify_chain(uow, tenant_id)
        entries += checked.checked
        faults += len(checked.faults)
        examples += [f"{tenant_id}: {f.kind} {f.seq}" for f in checked.faults[: _EXAMPLES - len(examples)]]
        last = tenant_id
    return Finding(f"{entries} entries in chains", faults, tuple(examples))


async def what_was_heard_is_in_the_audit_log(uow: UnitOfWork) -> Finding:
    """Each event that was taken for the audit log has its entry: a chain that was cut off and ended anew shows here.

    Marks of events are kept for `PILLARS_RETENTION_INBOX_DAYS`.
    """
    mark = MODELS.inbox
    written = exists().where(AuditEntry.event_id == mark.event_id)
    heard = select(mark.event_id).where(mark.handler == AUDIT_HANDLER)
    total = await uow.session.scalar(select(func.count()).select_from(heard.subquery()))
    return Finding(f"{total} events taken", *await _found(uow, heard.where(~written)))


def _next_log(last: UUID) -> Select[Any]:
    """The next business that has a chain, or entries: whoever removes a chain leaves those."""
    nexts = [
        select(column.label("tenant_id")).where(column > last).order_by(column).limit(1).subquery()
        for column in (AuditChain.tenant_id, AuditEntry.tenant_id)
    ]
    either = union_all(*(select(found.c.tenant_id) for found in nexts)).subquery()
    return select(either.c.tenant_id).order_by(either.c.tenant_id).limit(1)


INVARIANTS = (
    Invariant("the audit log is as it was written", the_audit_log_is_whole),
    Invariant("events taken for the audit log are in it", what_was_heard_is_in_the_audit_log),
    Invariant("every role held exists", every_held_role_exists),
    Invariant("every open company has an owner", every_open_company_has_an_owner),
    Invariant("decisions on registrations show in companies", decisions_show_in_companies),
    Invariant("registrations were approved by as many as needed", approvals_were_given),
    Invariant("nobody approves his own registration", nobody_approves_his_own),
    Invariant("no time limit runs on a decided registration", no_clock_runs_on_what_is_decided),
    Invariant("provisioning steps go on or have ended", steps_go_on_or_have_ended),
    Invariant("no company is half provisioned", no_company_is_half_provisioned),
    Invariant("exactly one key signs", one_key_signs),
    Invariant("one refresh token per session", one_refresh_token_per_session),
)
