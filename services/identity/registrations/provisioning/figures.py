"""How setting businesses up goes, for `/metrics`."""

from prometheus_client import Gauge
from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.registrations.provisioning.models import Step, StepState

# A step that was asked for so often without an answer is late: some minutes, with the pauses of the settings.
LATE_ATTEMPTS = 4

provisioning_steps = Gauge(
    "pillars_provisioning_steps",
    "Steps of setting up approved businesses that are late, or failed and nobody tries any more",
    ["state"],
)


async def measure_provisioning(uow: UnitOfWork) -> None:
    """Count the steps that want somebody's eye; in the platform scope."""
    is_late = (Step.state == StepState.RUNNING) & (Step.attempts >= LATE_ATTEMPTS)
    for state, condition in (("late", is_late), ("failed", Step.state == StepState.FAILED)):
        count = await uow.session.scalar(select(func.count(Step.id)).where(condition))
        provisioning_steps.labels(state).set(count or 0)
