"""Timed work on provisioning."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.context import ServiceContext
from services.identity.registrations.provisioning.models import Step, StepState
from services.identity.registrations.provisioning.service import Provisioning

_BATCH = 100


def unconfirmed(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    """What `retry_provisioning` finds."""
    return select(Step.id).where(Step.state == StepState.RUNNING, Step.next_attempt_at <= now)


async def retry_provisioning(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Ask again for steps that nobody has confirmed in time."""
    await Provisioning(uow).retry_due(_BATCH)
