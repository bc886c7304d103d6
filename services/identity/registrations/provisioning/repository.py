"""All SQL of provisioning steps."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from libs.common.db.repository import Repository
from services.identity.registrations.provisioning.models import Step, StepState


class StepRepository(Repository[Step]):
    """Steps, over all businesses."""

    model = Step

    async def of(self, tenant_id: UUID, *, lock: bool = False) -> Sequence[Step]:
        """The steps of a business, in their order."""
        statement = select(Step).where(Step.tenant_id == tenant_id).order_by(Step.position)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalars().all()

    async def lock_due(self, now: datetime, limit: int) -> Sequence[Step]:
        """Steps that nobody has confirmed in time; those that others hold are left out."""
        statement = (
            select(Step)
            .where(Step.state == StepState.RUNNING, Step.next_attempt_at <= now)
            .order_by(Step.next_attempt_at, Step.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return (await self.session.execute(statement)).scalars().all()

    async def failed(self) -> int:
        """How many businesses have a step that nobody tries any more."""
        statement = select(func.count(Step.tenant_id.distinct())).where(Step.state == StepState.FAILED)
        return int(await self.session.scalar(statement) or 0)
