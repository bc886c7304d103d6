"""Actions that fail: when they are tried again, and what is told of it."""

from typing import Any

from sqlalchemy import event

from libs.common.testing.events import emitted
from libs.contracts.crm import RuleDisabled
from services.crm.tests.automation.office import DEAL_WON, MANUAL, RULES, TASK, Office


async def test_an_action_that_is_refused_fails_the_run_and_many_disable_the_rule(office: Office) -> None:
    await office.crm.pipeline("Default")
    pipeline = await office.crm.pipeline("Other", "First", "Second")
    rule = await office.rule(
        MANUAL,
        TASK,
        {"type": "move_deal", "stage_id": pipeline["stages"][1]["id"]},
        {"type": "add_tag", "tag": "x"},
    )
    deals = [await office.crm.deal() for _ in range(4)]
    path = f"{RULES}/{rule['id']}"
    for deal in deals[:3]:
        await office.crm.client.post(f"{path}/run", json={"object_id": deal["id"]})
        office.clock.advance(seconds=1)
        await office.settle()

    runs = await office.runs(rule)
    assert [run["status"] for run in runs] == ["failed"] * 3
    assert (runs[0]["problem"]["slug"], runs[0]["position"]) == ("stage-not-in-pipeline", 1)
    steps = (await office.crm.get(f"{path}/runs/{runs[0]['id']}"))["steps"]
    assert [step["status"] for step in steps] == ["done", "failed"]
    disabled = await office.crm.get(path)
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "the last 3 runs failed")
    [told] = await emitted(office.context, office.tenant_id, RuleDisabled)
    assert told.data["owner_id"] == str(office.owner.user_id)
    # Enabled again it begins anew.
    on = await office.crm.post(f"{path}/enable")
    assert (on["enabled"], on["disabled_reason"]) == (True, None)
    office.clock.advance(seconds=1)
    await office.crm.client.post(f"{path}/run", json={"object_id": deals[3]["id"]})
    await office.settle()
    assert (await office.crm.get(path))["enabled"] is True


async def test_an_action_is_tried_again_before_its_run_fails(office: Office) -> None:
    mail = {"type": "send_email", "to": "x@example.com", "subject": "s", "text": "t"}
    rule = await office.rule(DEAL_WON, mail)
    office.identity.mail_status = 500
    await office.won()
    await office.settle()
    trying = await office.run(rule)
    assert (trying["status"], trying["attempts"]) == ("running", 1)

    office.identity.mail_status = 202
    office.clock.advance(seconds=6)
    await office.settle()
    assert (await office.run(rule))["status"] == "completed"

    office.identity.mail_status = 500
    await office.won()
    for _ in range(4):
        await office.settle()
        office.clock.advance(minutes=5)
    failed = (await office.runs(rule))[1]
    assert (failed["status"], failed["problem"]["slug"]) == ("failed", "plan-limit-reached")
    assert len(office.identity.mails) == 1


async def test_an_action_that_fails_undoes_none_before_it(office: Office) -> None:
    await office.crm.pipeline("Default")
    other = await office.crm.pipeline("Other", "First", "Second")
    rule = await office.rule(
        "crm.deal_created.v1",
        TASK,
        {"type": "add_tag", "tag": "new"},
        {"type": "move_deal", "stage_id": other["stages"][1]["id"]},
        {"type": "create_task", "name": "Never"},
    )
    deal = await office.crm.deal()
    await office.settle()

    run = await office.run(rule)
    assert (run["status"], run["problem"]["slug"]) == ("failed", "stage-not-in-pipeline")
    assert [(step["position"], step["status"]) for step in run["steps"]] == [
        (0, "done"),
        (1, "done"),
        (2, "failed"),
    ]
    assert await office.tasks() == ["Thank Website"]
    assert (await office.crm.get(f"/deals/{deal['id']}"))["tags"] == ["new"]


async def test_what_the_database_refuses_is_tried_again_alone(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK, {"type": "create_task", "name": "Refused"})
    await office.won()

    def refuse(_: Any, __: Any, sql: str, values: Any, *___: Any) -> tuple[str, Any]:
        if "INSERT INTO crm.tasks" in sql and values["name"] == "Refused":
            raise ValueError("no such task")
        return sql, values

    engine = office.context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", refuse, retval=True)
    try:
        await office.settle()
        trying = await office.run(rule)
    finally:
        event.remove(engine, "before_cursor_execute", refuse)
    assert (trying["status"], trying["position"], trying["attempts"]) == ("running", 1, 1)
    assert [step["status"] for step in trying["steps"]] == ["done"]
    assert await office.tasks() == ["Thank Website"]

    office.clock.advance(seconds=6)
    await office.settle()
    assert (await office.run(rule))["status"] == "completed"
    assert await office.tasks() == ["Refused", "Thank Website"]


async def test_an_old_version_of_a_rule_is_neither_enabled_nor_disabled(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    old = {"If-Match": '"1"'}
    await office.client.patch(f"{RULES}/{rule['id']}", json={"name": "Another"})

    for verb in ("enable", "disable"):
        refused = await office.client.post(f"{RULES}/{rule['id']}/{verb}", headers=old)
        assert (refused.status_code, refused.json()["slug"]) == (412, "precondition-failed")
    assert (await office.crm.get(f"{RULES}/{rule['id']}"))["enabled"] is True
