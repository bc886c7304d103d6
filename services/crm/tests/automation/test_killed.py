"""A worker that is killed at any moment of a run: each action happens once all the same."""

import asyncio
import signal
import sys
from pathlib import Path

import orjson
from sqlalchemy import text

from services.crm.tests.automation.office import Office

# Before the work, within it and after its commit: where the run begins, and where it goes on after its wait.
MOMENTS = (
    "job.crm.start_automation_run.claimed",
    "crm.automation.performed",
    "job.crm.start_automation_run.finishing",
    "committed.crm.task_assigned.v1",
    "job.crm.advance_automation_run.claimed",
    "crm.automation.performed",
    "job.crm.advance_automation_run.finishing",
    "committed.crm.task_assigned.v1",
)


async def test_each_action_happens_once_though_workers_are_killed(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    colleague = await office.colleague()
    rule = await office.rule(
        "crm.deal_won.v1",
        {"type": "create_task", "name": "First", "assignee_id": colleague},
        {"type": "wait", "for": 60},
        {"type": "create_task", "name": "Second", "assignee_id": colleague},
        {"type": "post_message", "text": "Done"},
    )
    deal = await office.crm.deal()
    await office.crm.post(f"/deals/{deal['id']}/win")
    await office.hear(*await office.events())
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.crm.tests.automation.mortal",
        database_url,
        orjson.dumps(office.owner.to_json()).decode(),
        str(tmp_path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None

    async def live() -> int:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(b"\n")
        return int(await worker.stdout.readline())

    for moment in MOMENTS:
        (tmp_path / moment).touch()
        assert await live() == -signal.SIGKILL, moment
        async with office.context.unit_of_work(platform=True) as uow:
            # As if the time were over for which the dead one had claimed it, and for which the run waits.
            await uow.session.execute(text("UPDATE crm.jobs SET locked_until = NULL, run_at = now()"))
    assert await live() == 0
    worker.stdin.close()
    assert await worker.wait() == 0

    run = await office.run(rule)
    assert run["status"] == "completed"
    assert [step["status"] for step in run["steps"]] == ["done", "done", "done", "done"]
    assert await office.tasks() == ["First", "Second"]
    chat = await office.crm.get("/chat/for_object", type="deal", id=deal["id"])
    assert [message["text"] for message in chat["items"]] == ["Done"]
