"""Setting up an approved business: steps that are recorded, confirmed, tried again, and never half done silently.

Each step is idempotent where it is done, so asking again does no harm. A step of another service is done when that
service says so, not when it was asked.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.contracts.identity import ProvisioningRequested
from services.identity.members.models import MemberRole
from services.identity.registrations.models import Registration
from services.identity.registrations.provisioning.models import Step, StepState
from services.identity.registrations.provisioning.repository import StepRepository
from services.identity.registrations.provisioning.steps import ACTIVATE, OWNER, STEPS
from services.identity.registrations.timeline.repository import Timeline
from services.identity.roles.catalogue import OWNER as OWNER_ROLE
from services.identity.tenants.models import TenantStatus
from services.identity.tenants.repository import TenantRepository

_LONGEST_PAUSE = timedelta(hours=1)


class Provisioning:
    """In the platform scope. Whoever holds the application's row may hold the steps next, never the other way."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = StepRepository(uow)

    async def begin(self, registration: Registration) -> int:
        """Begin all steps, anew where they were begun before; return the number of the run."""
        known = {step.name: step for step in await self.rows.of(registration.tenant_id, lock=True)}
        run = 1 + max((step.run for step in known.values()), default=0)
        for position, plan in enumerate(STEPS):
            step = known.get(plan.name)
            if step is None:
                step = Step(
                    tenant_id=registration.tenant_id,
                    id=new_id(),
                    registration_id=registration.id,
                    name=plan.name,
                    service=plan.service,
                    position=position,
                    created_at=self.uow.now,
                    updated_at=self.uow.now,
                )
                self.uow.session.add(step)
            step.run, step.state, step.attempts = run, StepState.RUNNING, 0
            step.last_error = step.next_attempt_at = step.done_at = None
            # Those that begin with the activation are asked by it.
            await self._attempt(step, registration, asks=not plan.begins_with_activation)
        await self.uow.session.flush()
        return run

    async def cancel(self, registration: Registration) -> int:
        """Stop what is not done, since the business was turned down; return the number of the run, 0 where none began."""
        steps = await self.rows.of(registration.tenant_id, lock=True)
        for step in steps:
            if step.state in (StepState.RUNNING, StepState.FAILED):
                step.state, step.next_attempt_at = StepState.CANCELLED, None
        return max((step.run for step in steps), default=0)

    async def confirm(self, registration: Registration, name: str, run: int) -> None:
        """Take in that a step had its effect; what belongs to a run before changes nothing."""
        steps = await self.rows.of(registration.tenant_id, lock=True)
        step = next((one for one in steps if one.name == name and one.run == run), None)
        if step is None or step.state in (StepState.DONE, StepState.CANCELLED):
            return
        self._done(step)
        self._note_whole(registration, steps)

    async def retry(self, registration: Registration) -> Sequence[Step]:
        """Try what is not done again now, with all attempts ahead of it."""
        steps = await self.rows.of(registration.tenant_id, lock=True)
        undone = [step for step in steps if step.state in (StepState.RUNNING, StepState.FAILED)]
        for step in undone:
            step.state, step.attempts = StepState.RUNNING, 0
            await self._attempt(step, registration)
        if undone:
            names = [step.name for step in undone]
            Timeline(self.uow).add(registration, "provisioning_retried", data={"steps": names})
            self._note_whole(registration, steps)
        return steps

    async def retry_due(self, limit: int) -> None:
        """Try again what nobody has confirmed in time, and give up what was tried often enough."""
        for step in await self.rows.lock_due(self.uow.now, limit):
            registration = await self.uow.session.get(Registration, (step.tenant_id, step.registration_id))
            assert registration is not None
            if step.attempts >= self.uow.context.settings.provisioning_attempts:
                step.state, step.next_attempt_at = StepState.FAILED, None
                Timeline(self.uow).add(
                    registration,
                    "provisioning_failed",
                    data={"step": step.name, "attempts": step.attempts, "error": step.last_error},
                )
            else:
                if step.service != "identity":
                    step.last_error = f"{step.service} has not confirmed it in time."
                await self._attempt(step, registration)
                if step.state == StepState.DONE:
                    self._note_whole(registration, await self.rows.of(step.tenant_id))

    async def _attempt(self, step: Step, registration: Registration, *, asks: bool = True) -> None:
        step.attempts += 1
        step.updated_at = self.uow.now
        step.next_attempt_at = self.uow.now + self._pause(step.attempts)
        if step.service == "identity":
            step.last_error = await self._own(step.name, registration)
            if step.last_error is None:
                self._done(step)
        elif asks:
            self.uow.emit(
                ProvisioningRequested(
                    company_id=registration.tenant_id,
                    company_name=registration.company_name,
                    registration_id=registration.id,
                    step=step.name,
                    run=step.run,
                    product=registration.product,
                    owner_email=registration.owner_email,
                    country=registration.country,
                ),
                tenant_id=registration.tenant_id,
            )

    async def _own(self, name: str, registration: Registration) -> str | None:
        """Do a step of this service; what is wrong, or None."""
        if name == ACTIVATE:
            tenant = await TenantRepository(self.uow).get(registration.tenant_id)
            is_open = tenant is not None and tenant.status not in (
                TenantStatus.PENDING,
                TenantStatus.REJECTED,
            )
            return None if is_open else "The business is not active."
        assert name == OWNER
        held = select(MemberRole.member_id).where(
            MemberRole.tenant_id == registration.tenant_id, MemberRole.role == OWNER_ROLE
        )
        owner = await self.uow.session.scalar(held.limit(1))
        return None if owner is not None else "Nobody owns the business: make somebody its owner."

    def _done(self, step: Step) -> None:
        step.state, step.done_at = StepState.DONE, self.uow.now
        step.last_error = step.next_attempt_at = None
        step.updated_at = self.uow.now

    def _note_whole(self, registration: Registration, steps: Sequence[Step]) -> None:
        if steps and all(step.state == StepState.DONE for step in steps):
            Timeline(self.uow).add(registration, "provisioned", is_public=True)

    def _pause(self, attempts: int) -> timedelta:
        first = timedelta(seconds=self.uow.context.settings.provisioning_retry_seconds)
        return min(first * 2 ** min(attempts - 1, 20), _LONGEST_PAUSE)


async def registration_of(uow: UnitOfWork, tenant_id: UUID) -> Registration | None:
    """The application of a business, or None where it was set up without one."""
    statement = select(Registration).where(Registration.tenant_id == tenant_id)
    return (await uow.session.execute(statement)).scalar_one_or_none()
