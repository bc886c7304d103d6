"""With whose rights rules act, and when they rest."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from services.crm.tests.automation.office import DEAL_WON, MANUAL, RULES, TASK, Office


async def test_a_rule_may_do_no_more_than_its_owner_may_now(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    office.change_owner(permissions=frozenset({"crm.deals.read", "crm.automation.*"}))
    await office.won()
    await office.settle()

    run = await office.run(rule)
    assert (run["status"], run["problem"]["slug"]) == ("failed", "permission-denied")
    assert run["problem"]["required_permission"] == "crm.tasks.write"
    assert run["steps"][0]["status"] == "failed"
    assert await office.tasks() == []

    # Who has left may nothing.
    office.identity.actors.clear()
    await office.won()
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
    await office.won("Waiting")
    await office.settle()
    office.change_owner(**changes)
    await office.won("Resting")
    await office.settle()
    office.clock.advance(seconds=61)
    await office.settle()
    office.change_owner()
    await office.won("Again")
    await office.settle()

    first, again = await office.runs(rule)
    assert first["status"] == "stopped"
    assert "rest" in first["reason"]
    assert again["status"] == "waiting"
    assert await office.tasks() == []


async def test_nothing_is_done_while_rights_cannot_be_asked_for(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await office.won()
    office.identity.is_away = True
    await office.settle()
    assert (await office.runs(rule), await office.tasks()) == ([], [])

    office.identity.is_away = False
    office.clock.advance(minutes=1)
    await office.settle()
    assert (await office.run(rule))["status"] == "completed"


async def test_a_rule_acts_with_no_more_rights_than_it_takes(office: Office) -> None:
    mail = {"type": "send_email", "to": "{event.name}@example.com", "subject": "s", "text": "t"}
    await office.rule(DEAL_WON, TASK, mail)
    office.change_owner(is_superuser=True)
    deal = await office.won()
    await office.settle()

    [task] = (await office.crm.get("/tasks"))["items"]
    assert (task["created_by_id"], task["deal_id"]) == (str(office.owner.user_id), deal["id"])
    [sender] = office.identity.senders
    assert (sender.user_id, sender.is_superuser) == (office.owner.user_id, False)
    assert sender.permissions == {"crm.deals.read", "crm.tasks.write", "notifications.messages.write"}


async def test_nobody_borrows_the_rights_of_an_owner(office: Office) -> None:
    rule = await office.rule(MANUAL, TASK)
    deal = await office.crm.deal()
    other = office.acting(office.person("crm.automation.*", "crm.deals.*"))

    answer = await other.post(f"{RULES}/{rule['id']}/run", json={"object_id": deal["id"]})

    assert (answer.status_code, answer.json()["required_permission"]) == (403, "crm.tasks.write")
    assert await office.runs(rule) == []

    # Neither may he have it act again that somebody has stopped.
    path = f"{RULES}/{rule['id']}"
    assert (await other.post(f"{path}/disable")).status_code == 200
    for refused in (await other.post(f"{path}/enable"), await other.patch(path, json={"enabled": True})):
        assert (refused.status_code, refused.json()["required_permission"]) == (403, "crm.tasks.write")


async def test_what_identity_says_of_another_person_is_no_right(office: Office) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    office.change_owner(user_id=new_id())
    await office.won()
    await office.settle()

    run = await office.run(rule)
    assert (run["status"], run["problem"]["slug"]) == ("failed", "permission-denied")
    assert await office.tasks() == []


async def test_another_business_sees_none_of_it(office: Office, other_tenant_id: UUID) -> None:
    rule = await office.rule(DEAL_WON, TASK)
    await office.won()
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
