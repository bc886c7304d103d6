"""Runs: what an event brings about, once, with whose rights, and what is told of it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.jobs.runner import JobRunner
from libs.common.testing.actors import user
from libs.common.testing.events import emitted, envelope
from libs.contracts.crm import RuleDisabled, RuleNotified
from libs.contracts.orders import OrderPaid
from services.crm.tests.automation.office import RULES, Office
from services.crm.tests.factories import line, rand

TASK = {"type": "create_task", "name": "Thank {deal.name}"}
DEAL_WON, MOVED = "crm.deal_won.v1", "crm.deal_moved.v1"
MANUAL = {"type": "manual", "object_type": "deal"}


async def won(office: Office, name: str = "Website", **fields: Any) -> dict[str, Any]:
    """A deal that was won."""
    deal = await office.crm.deal(name, **fields)
    return await office.crm.post(f"/deals/{deal['id']}/win")


async def test_an_event_makes_a_run_that_acts(office: Office) -> None:
    colleague = await office.colleague()
    rule = await office.rule(
        DEAL_WON,
        {**TASK, "assignee_id": "{deal.owner_id}", "due_in": "P1D", "priority": "high", "tags": ["thanks"]},
        {"type": "update_field", "field": "source", "value": "rule {rule.name}"},
        {"type": "add_tag", "tag": "won"},
        {"type": "post_message", "text": "{deal.name}: {deal.amount}", "mentions": [colleague]},
        {"type": "send_notification", "user_ids": [colleague], "title": "Won", "text": "{event.pipeline}"},
        {
            "type": "send_email",
            "to": "office@example.com",
            "subject": "{{ deal.name }}",
            "text": "Won: {deal.stage}",
        },
        conditions={"and": [{"field": "deal.amount", "operator": "gte", "value": 100}]},
    )
    small = await won(office, "Small", lines=[line("x", 99)])
    deal = await won(office, lines=[line("x", 12345)], owner_id=colleague)

    await office.settle()

    run = await office.run(rule)
    assert (run["status"], run["rule_version"], run["version"], run["depth"]) == ("completed", 1, 1, 1)
    assert (run["object_type"], run["object_id"], run["trigger_type"]) == ("deal", deal["id"], "event")
    assert [(step["action"], step["status"]) for step in run["steps"]] == [
        ("create_task", "done"),
        ("update_field", "done"),
        ("add_tag", "done"),
        ("post_message", "done"),
        ("send_notification", "done"),
        ("send_email", "done"),
    ]
    task = await office.crm.get(f"/tasks/{run['steps'][0]['result']['task_id']}")
    assert (task["name"], task["assignee_id"], task["deal_id"]) == ("Thank Website", colleague, deal["id"])
    assert (task["priority"], task["tags"]) == ("high", ["thanks"])
    changed = await office.crm.get(f"/deals/{deal['id']}")
    assert (changed["source"], changed["tags"]) == ("rule A rule", ["won"])
    assert (await office.crm.get(f"/deals/{small['id']}"))["tags"] == []
    chat = await office.crm.get("/chat/for_object", type="deal", id=deal["id"])
    assert [(m["text"], m["author_name"]) for m in chat["items"]] == [("Website: ZAR 123.45", "Pillars")]
    [told] = await emitted(office.context, office.tenant_id, RuleNotified)
    assert (told.data["title"], told.data["user_ids"]) == ("Won", [colleague])
    assert told.causation_id == run["id"]
    [mail] = office.identity.mails.values()
    assert (mail["subject"], mail["text"], mail["to_email"]) == ("Website", "Won: Won", "office@example.com")


async def test_an_event_that_comes_again_has_no_second_effect(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await won(office)
    [event] = [one for one in await office.events() if one.type == DEAL_WON]

    await office.hear(event, event)
    await office.settle()
    await office.hear(event)
    await office.settle()

    assert len(await office.runs(rule)) == 1
    assert await office.tasks() == ["Thank Website"]


async def test_events_may_come_in_any_order(office: Office) -> None:
    rule = await office.rule(
        MOVED, TASK, conditions={"field": "event.stage", "operator": "eq", "value": "second"}
    )
    pipeline = await office.crm.pipeline("P", "First", "Second", "Third")
    deal = await office.crm.deal(pipeline_id=pipeline["id"])
    for stage in pipeline["stages"][1:3]:
        await office.crm.post(f"/deals/{deal['id']}/move", stage_id=stage["id"])

    await office.hear(*reversed(await office.events()))
    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert await office.tasks() == ["Thank Website"]


async def test_what_happened_before_a_rule_was_enabled_is_not_its_business(office: Office) -> None:
    await won(office)
    early = await office.events()
    office.clock.advance(seconds=1)
    rule = await office.rule(DEAL_WON, TASK)

    await office.hear(*early)
    await office.settle()

    assert await office.runs(rule) == []


async def test_orders_are_heard_of(office: Office) -> None:
    rule = await office.rule(
        "orders.order_paid",
        {"type": "create_task", "name": "Pack {order.number} for {event.customer_name}"},
        {"type": "post_message", "text": "Paid: {event.totals.total}"},
        conditions=[{"field": "order.totals.total", "operator": "gt", "value": 39_000}],
    )
    zero = rand(0)
    paid = OrderPaid(
        order_id=new_id(),
        number="1001",
        email="x@example.com",
        customer_name="Naledi",
        lines=[],
        totals={"subtotal": zero, "discount": zero, "shipping": zero, "tax": zero, "total": rand(39_800)},
        payment_id=new_id(),
        paid_at=office.clock.now(),
    )

    await office.hear(envelope(paid, office.tenant_id, time=office.clock.now()))
    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert await office.tasks() == ["Pack 1001 for Naledi"]
    chat = await office.crm.get("/chat/for_object", type="order", id=str(paid.order_id))
    assert [m["text"] for m in chat["items"]] == ["Paid: ZAR 398.00"]
    assert rule["permissions"] == ["crm.chat.write", "crm.tasks.write", "orders.orders.read"]


async def test_changes_of_any_kind_of_thing_are_heard_of(office: Office) -> None:
    trigger = {"type": "event", "event": "crm.change_recorded.v1", "object_type": "company"}
    rule = await office.rule(
        trigger,
        {"type": "add_tag", "tag": "moved"},
        conditions=[
            {"field": "event.action", "operator": "eq", "value": "updated"},
            {"field": "event.changed", "operator": "contains", "value": "country"},
        ],
    )
    company = await office.crm.post("/companies", name="Karoo")
    await office.crm.client.patch(f"/companies/{company['id']}", json={"industry": "Food"})
    await office.crm.client.patch(f"/companies/{company['id']}", json={"country": "ZA"})
    await office.crm.post("/contacts", first_name="Zola")

    await office.settle()

    assert (await office.run(rule))["status"] == "completed"
    assert (await office.crm.get(f"/companies/{company['id']}"))["tags"] == ["moved"]


async def test_a_rule_may_do_no_more_than_its_owner_may_now(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    office.change_owner(permissions=frozenset({"crm.deals.read", "crm.automation.*"}))
    await won(office)
    await office.settle()

    run = await office.run(rule)
    assert (run["status"], run["problem"]["slug"]) == ("failed", "permission-denied")
    assert run["problem"]["required_permission"] == "crm.tasks.write"
    assert run["steps"][0]["status"] == "failed"
    assert await office.tasks() == []

    # Who has left may nothing.
    office.identity.actors.clear()
    await won(office)
    await office.settle()
    assert [run["status"] for run in await office.runs(rule)] == ["failed", "failed"]
    assert await office.tasks() == []


@pytest.mark.parametrize(
    "changes", [{"features": frozenset()}, {"tenant_status": "suspended"}], ids=["plan", "suspended"]
)
async def test_rules_rest_while_the_plan_has_none_or_the_business_does_not_trade(
    office: Office, changes: dict[str, Any]
) -> None:
    rule = await office.rule(DEAL_WON, {"type": "wait", "for": 60}, TASK)
    await won(office, "Waiting")
    await office.settle()
    office.change_owner(**changes)
    await won(office, "Resting")
    await office.settle()
    office.clock.advance(seconds=61)
    await office.settle()
    office.change_owner()
    await won(office, "Again")
    await office.settle()

    first, again = await office.runs(rule)
    assert first["status"] == "stopped"
    assert "rest" in first["reason"]
    assert again["status"] == "waiting"
    assert await office.tasks() == []


async def test_a_run_waits_and_goes_on_with_the_version_it_began_with(office: Office) -> None:
    rule = await office.rule(DEAL_WON, {"type": "wait", "for": "PT1H"}, TASK)
    path = f"{RULES}/{rule['id']}"
    await won(office)
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
    await won(office)
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
    await won(office)
    await office.settle()

    if how == "disable":
        await office.crm.post(f"{path}/disable")
    else:
        await office.crm.client.delete(path)
    await won(office)
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


async def test_a_run_by_hand(office: Office) -> None:
    held = {"field": "deal.name", "operator": "starts_with", "value": "web"}
    rule = await office.rule(MANUAL, TASK, conditions=held)
    path = f"{RULES}/{rule['id']}/run"
    good, other = await office.crm.deal("Website"), await office.crm.deal("Other")

    answer = await office.client.post(path, json={"object_type": "deal", "object_id": good["id"]})
    skipped = await office.client.post(path, json={"object_type": "deal", "object_id": other["id"]})
    await office.settle()

    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert answer.json()["started_by_id"] == str(office.owner.user_id)
    assert (skipped.json()["status"], skipped.json()["reason"]) == ("skipped", "the conditions do not hold")
    assert await office.tasks() == ["Thank Website"]
    await office.crm.refused(404, "not-found", path, object_type="deal", object_id=str(new_id()))
    await office.crm.refused(422, "validation-failed", path, object_type="lead", object_id=str(new_id()))
    await office.crm.refused(422, "validation-failed", path)


async def test_another_business_sees_none_of_it(office: Office, other_tenant_id: UUID) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await won(office)
    await office.settle()
    run = await office.run(rule)
    stranger = office.acting(office.person(tenant_id=other_tenant_id))
    path = f"{RULES}/{rule['id']}"

    for where in (path, f"{path}/runs", f"{path}/versions", f"{path}/runs/{run['id']}"):
        assert (await stranger.get(where)).status_code == 404
    for verb in ("enable", "disable", "dry-run", "run"):
        assert (await stranger.post(f"{path}/{verb}", json={})).status_code in (404, 422)
    own = await stranger.post(
        RULES,
        json={
            "name": "x",
            "enabled": True,
            "trigger": {"type": "manual"},
            "actions": [{"type": "wait", "for": 1}],
        },
    )
    assert (await stranger.get(f"{RULES}/{own.json()['id']}/runs/{run['id']}")).status_code == 404
    deal = await office.crm.deal()
    theirs = {"object_type": "deal", "object_id": deal["id"]}
    assert (await stranger.post(f"{RULES}/{own.json()['id']}/run", json=theirs)).status_code == 404
    assert (await stranger.get(RULES)).json()["items"] == [own.json()]


async def test_runs_that_began_at_once_act_once_each(office: Office) -> None:
    await office.rule(DEAL_WON, TASK)
    await won(office)
    await office.hear(*await office.events())

    # Two workers take what is due, one job each at a time.
    await asyncio.gather(*(JobRunner(office.context).run_due() for _ in range(3)))
    await office.settle()

    assert await office.tasks() == ["Thank Website"]


async def test_a_dry_run_says_all_and_does_nothing(office: Office) -> None:
    rule = await office.rule(
        DEAL_WON,
        TASK,
        {"type": "assign_owner", "owner_id": "{deal.owner_id}"},
        conditions={
            "or": [
                {"field": "deal.amount", "operator": "gt", "value": 1},
                {"not": {"field": "event.reason", "operator": "is_set"}},
            ]
        },
        enabled=False,
    )
    path = f"{RULES}/{rule['id']}/dry-run"
    deal = await office.crm.deal()

    plain = await office.crm.post(path, object_type="deal", object_id=deal["id"])
    said = await office.crm.post(path, event={"deal_id": deal["id"], "reason": "Price"})
    await office.crm.refused(422, "unknown-field", path, event={"nothing": 1})
    await office.crm.refused(404, "not-found", path, object_id=str(new_id()))
    await office.settle()

    assert plain["would_run"] is True
    amount, inverse = plain["conditions"]["or"]
    assert (amount["holds"], amount["actual"]) == (False, {"amount": 0, "currency": "ZAR"})
    assert (inverse["holds"], inverse["not"]["holds"]) == (True, False)
    assert plain["actions"][0]["would"]["name"] == "Thank Website"
    assert plain["actions"][1]["problem"]["slug"] == "nothing-to-act-on"
    assert (said["would_run"], said["object_id"]) == (False, deal["id"])
    assert (await office.tasks(), await office.runs(rule)) == ([], [])
    looker = office.acting(office.person("crm.automation.run"))
    refused = await looker.post(path, json={"object_type": "deal", "object_id": deal["id"]})
    assert refused.json()["required_permission"] == "crm.deals.read"


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
    await won(office)
    await office.settle()
    trying = await office.run(rule)
    assert (trying["status"], trying["attempts"]) == ("running", 1)

    office.identity.mail_status = 202
    office.clock.advance(seconds=6)
    await office.settle()
    assert (await office.run(rule))["status"] == "completed"

    office.identity.mail_status = 500
    await won(office)
    for _ in range(4):
        await office.settle()
        office.clock.advance(minutes=5)
    failed = (await office.runs(rule))[1]
    assert (failed["status"], failed["problem"]["slug"]) == ("failed", "plan-limit-reached")
    assert len(office.identity.mails) == 1


async def test_nothing_is_done_while_rights_cannot_be_asked_for(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await won(office)
    office.identity.is_away = True
    await office.settle()
    assert (await office.runs(rule), await office.tasks()) == ([], [])

    office.identity.is_away = False
    office.clock.advance(minutes=1)
    await office.settle()
    assert (await office.run(rule))["status"] == "completed"


async def test_a_rule_acts_with_no_more_rights_than_it_takes(office: Office) -> None:
    await office.rule(DEAL_WON, TASK)
    deal = await won(office)
    await office.settle()

    [task] = (await office.crm.get("/tasks"))["items"]
    assert task["created_by_id"] == str(office.owner.user_id)
    assert task["deal_id"] == deal["id"]
    assert user(office.tenant_id).permissions == {"*"}
