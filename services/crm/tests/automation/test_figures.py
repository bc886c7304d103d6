"""What `/metrics` says of rules."""

from datetime import timedelta
from uuid import UUID

from prometheus_client import REGISTRY
from sqlalchemy import update

from services.crm.automation.figures import LATE, measure_runs
from services.crm.automation.models import Run
from services.crm.tests.automation.office import DEAL_WON, Office


async def late(office: Office) -> float:
    """How many runs are late."""
    async with office.context.unit_of_work(platform=True) as uow:
        await measure_runs(uow)
    return REGISTRY.get_sample_value("pillars_automation_runs_late") or 0.0


async def test_a_run_that_nobody_goes_on_with_is_a_figure(office: Office) -> None:
    rule = await office.rule(
        DEAL_WON, {"type": "send_email", "to": "x@example.com", "subject": "s", "text": "t"}
    )
    office.identity.mail_status = 500
    await office.won()
    await office.settle()
    run = await office.run(rule)
    before = await late(office)

    async def due(moment: timedelta) -> float:
        async with office.context.unit_of_work(platform=True) as uow:
            mine = update(Run).where(Run.id == UUID(run["id"]))
            await uow.session.execute(mine.values(due_at=uow.now - moment))
        return await late(office)

    assert measure_runs in office.context.service.measures
    assert await due(LATE / 2) == before
    assert await due(LATE * 2) == before + 1
    office.identity.mail_status = 202
    office.clock.advance(seconds=6)
    await office.settle()
    assert (await office.run(rule))["status"] == "completed"
    assert await late(office) <= before
