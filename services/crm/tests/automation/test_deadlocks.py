"""Two rules act on one thing in opposite orders, so that each waits for what the other one holds."""

import asyncio

from sqlalchemy import func, select, text

from libs.common.jobs.runner import JobRunner
from libs.common.testing.eventually import eventually
from services.crm.automation.jobs import JOBS
from services.crm.tests.automation.office import DEAL_WON, MANUAL, RULES, Office

DESCRIBE = {"type": "update_field", "field": "description", "value": "{rule.name}"}
SAY = {"type": "post_message", "text": "{rule.name}"}
WAITING = text(
    "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN"
    " (SELECT pid FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


async def test_rules_that_wait_for_each_other_each_have_their_effects_once(office: Office) -> None:
    deal = await office.crm.deal()
    await office.crm.post("/chat", object_type="deal", object_id=deal["id"], text="Hello")
    heard = await office.rule(DEAL_WON, SAY, DESCRIBE, name="Thread first")
    asked = await office.rule(MANUAL, DESCRIBE, SAY, name="Deal first")
    await office.crm.post(f"/deals/{deal['id']}/win")
    await office.hear(*await office.events())

    async with office.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(text("LOCK TABLE crm.chat_messages IN SHARE ROW EXCLUSIVE MODE"))

        async def are_waiting(count: int) -> bool:
            return bool(await uow.session.scalar(WAITING) == count)

        def work() -> asyncio.Task[int]:
            worker = JobRunner(office.context, [job for job in JOBS if job.every is None])
            return asyncio.create_task(worker.run_due())

        # The first one holds the thread, and may not write into it yet; the second one holds the deal.
        workers = [work()]
        await eventually(lambda: are_waiting(1))
        body = {"object_type": "deal", "object_id": deal["id"]}
        assert (await office.client.post(f"{RULES}/{asked['id']}/run", json=body)).status_code == 202
        workers.append(work())
        await eventually(lambda: are_waiting(2))
    await asyncio.gather(*workers)

    jobs = office.context.models.job.__table__
    async with office.context.unit_of_work(platform=True) as uow:
        own = jobs.c.tenant_id == office.tenant_id
        turns = select(func.count()).where(jobs.c.name == "advance_automation_run", own)
        # One that was asked for, and one because Postgres has ended a transaction.
        assert await uow.session.scalar(turns) == 2
    for rule in (heard, asked):
        run = await office.run(rule)
        assert (run["status"], [step["status"] for step in run["steps"]]) == ("completed", ["done"] * 2)
    chat = await office.crm.get("/chat/for_object", type="deal", id=deal["id"])
    assert sorted(message["text"] for message in chat["items"]) == ["Deal first", "Hello", "Thread first"]
