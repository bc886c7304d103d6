"""Waits, versions and disabled rules: what becomes of runs that are under way."""

import pytest
from sqlalchemy import text

from libs.common.ids import new_id
from services.crm.tests.automation.office import DEAL_WON, MANUAL, RULES, TASK, Office


async def test_a_run_waits_and_goes_on_with_the_version_it_began_with(office: Office) -> None:
    rule = await office.rule(DEAL_WON, {"type": "wait", "for": "PT1H"}, TASK)
    path = f"{RULES}/{rule['id']}"
    await office.won()
    await office.settle()
    waiting = await office.run(rule)
    assert (waiting["status"], waiting["steps"][0]["status"]) == ("waiting", "waiting")

    await office.crm.client.patch(path, json={"actions": [{"type": "create_task", "name": "Another"}]})
    office.clock.advance(minutes=59)
    await office.settle()
    assert await office.tasks() == []
    office.clock.advance(minutes=2)
    await office.settle()
    assert await office.tasks() == ["Thank Website"]
    await office.won()
    await office.settle()

    first, second = await office.runs(rule)
    assert [(run["status"], run["rule_version"]) for run in (first, second)] == [
        ("completed", 1),
        ("completed", 2),
    ]
    assert await office.tasks() == ["Another", "Thank Website"]
    steps = (await office.crm.get(f"{path}/runs/{first['id']}"))["steps"]
    assert [step["status"] for step in steps] == ["done", "done"]


@pytest.mark.parametrize("how", ["disable", "delete"])
async def test_a_disabled_rule_neither_begins_nor_goes_on(office: Office, how: str) -> None:
    rule = await office.rule(DEAL_WON, {"type": "wait", "for": 60}, TASK)
    path = f"{RULES}/{rule['id']}"
    await office.won()
    await office.settle()

    if how == "disable":
        await office.crm.post(f"{path}/disable")
    else:
        await office.crm.client.delete(path)
    await office.won()
    office.clock.advance(minutes=2)
    await office.settle()

    assert await office.tasks() == []
    if how == "disable":
        [run] = await office.runs(rule)
        assert (run["status"], run["reason"]) == ("cancelled", "the rule was disabled")
        await office.crm.refused(
            409, "rule-disabled", f"{path}/run", object_type="deal", object_id=str(new_id())
        )


async def test_stop_if_ends_a_run_and_a_thing_that_is_gone_does_too(office: Office) -> None:
    rule = await office.rule(
        MANUAL,
        {"type": "wait", "for": 60},
        {"type": "stop_if", "conditions": {"field": "deal.status", "operator": "ne", "value": "open"}},
        TASK,
    )
    going, closing, leaving = [await office.crm.deal(name) for name in ("a", "b", "c")]
    for deal in (going, closing, leaving):
        await office.crm.client.post(f"{RULES}/{rule['id']}/run", json={"object_id": deal["id"]})
    await office.settle()
    await office.crm.post(f"/deals/{closing['id']}/win")
    await office.crm.client.delete(f"/deals/{leaving['id']}")
    office.clock.advance(seconds=61)
    await office.settle()

    by_deal = {run["object_id"]: run for run in await office.runs(rule)}
    assert by_deal[going["id"]]["status"] == "completed"
    assert (by_deal[closing["id"]]["status"], by_deal[closing["id"]]["reason"]) == (
        "stopped",
        "stop_if at position 1 holds",
    )
    assert by_deal[leaving["id"]]["reason"] == "there is no such deal any more"
    assert await office.tasks() == ["Thank a"]


async def test_a_run_whose_job_was_given_up_is_gone_on_with(office: Office) -> None:
    rule = await office.rule(MANUAL, TASK)
    deal = await office.crm.deal()
    await office.client.post(f"{RULES}/{rule['id']}/run", json={"object_id": deal["id"]})
    async with office.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(
            text("UPDATE crm.jobs SET dead_at = now() WHERE tenant_id = :id"), {"id": office.tenant_id}
        )
    await office.settle()
    assert (await office.run(rule))["status"] == "running"

    office.clock.advance(minutes=11)
    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert await office.tasks() == ["Thank Website"]


async def test_runs_that_ended_long_ago_are_forgotten(office: Office) -> None:
    rule = await office.rule(MANUAL, TASK, {"type": "wait", "for": "120d"})
    short = await office.rule(MANUAL, TASK)
    deal = await office.crm.deal()
    for one in (rule, short):
        await office.client.post(f"{RULES}/{one['id']}/run", json={"object_id": deal["id"]})
    await office.settle()

    office.clock.advance(days=91)
    await office.forget()

    assert await office.runs(short) == []
    assert (await office.run(rule))["status"] == "waiting"
