"""Rules over HTTP: what is taken, what is refused, and what each change leaves behind."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.resource_suite import ResourceSuite
from services.crm.tests.automation.office import RULES, Office
from services.crm.tests.factories import Crm

TASK = {"type": "create_task", "name": "Thank {deal.name}", "priority": "normal", "tags": []}
WON = {"type": "event", "event": "crm.deal_won.v1", "object_type": "deal"}


class TestRules(ResourceSuite):
    """What every resource promises."""

    path = RULES
    permission = "crm.automation"
    create = {"name": "Thank", "description": "Politely", "trigger": WON, "actions": [TASK]}
    changes = {
        "name": "Move on",
        "description": "At once",
        "conditions": {"and": [{"field": "deal.amount", "operator": "gte", "value": 5}]},
        "actions": [{"type": "add_tag", "tag": "won"}],
    }
    emptied = "description"
    needs_active = True
    invalid = (
        {"name": ""},
        {"trigger": {"type": "event", "event": "crm.nothing.v1"}},
        {"trigger": {"type": "sometimes"}},
        {"actions": []},
        {"actions": [{"type": "explode"}]},
        {"actions": [{**TASK, "name": "{deal.nothing}"}]},
        {"actions": [{**TASK, "assignee_id": "{deal.name}"}]},
        {"actions": [{**TASK, "assignee_id": str(new_id())}]},
        {"actions": [{"type": "update_field", "field": "stage_id", "value": "x"}]},
        {"actions": [{"type": "update_field", "field": "expected_close_on", "value": "soon"}]},
        {"actions": [{"type": "move_deal", "stage_id": str(new_id())}]},
        {"actions": [{"type": "wait", "for": "soon"}]},
        {"conditions": {"field": "deal.nothing", "operator": "eq", "value": 1}},
        {"conditions": {"field": "deal.amount", "operator": "contains", "value": 1}},
        {"conditions": {"field": "deal.amount", "operator": "gt", "value": "much"}},
        {"conditions": {"field": "deal.status", "operator": "eq", "value": "new"}},
        {"conditions": {"field": "deal.amount"}},
        {"conditions": {"field": "deal.amount", "operator": "eq", "value": 1, "and": []}},
    )


def nested(depth: int) -> dict[str, Any]:
    """A condition within so many others."""
    found: dict[str, Any] = {"field": "deal.amount", "operator": "gt", "value": 1}
    for _ in range(depth):
        found = {"not": found}
    return found


async def test_a_new_rule_is_disabled_unless_said_otherwise(crm: Crm) -> None:
    body = {"name": "x", "trigger": WON, "actions": [TASK]}

    still, on = await crm.post(RULES, **body), await crm.post(RULES, **body, enabled=True)

    assert (still["enabled"], still["status"], on["enabled"]) == (False, "disabled", True)
    assert on["version"] == 1
    assert on["owner_id"] == str(crm.client.actor and crm.client.actor.user_id)
    assert on["permissions"] == ["crm.deals.read", "crm.tasks.write"]
    kept = (await crm.client.put(f"{RULES}/{on['id']}", json=body)).json()
    assert kept["enabled"] is True


async def test_what_there_is_not_is_named_with_what_there_is(crm: Crm) -> None:
    body = {"name": "x", "trigger": WON, "actions": [TASK]}

    event = await crm.refused(
        422, "unknown-event", RULES, **{**body, "trigger": {"type": "event", "event": "crm.x.v1"}}
    )
    field = await crm.refused(
        422,
        "unknown-field",
        RULES,
        **body,
        conditions={"or": [{"field": "lead.name", "operator": "eq", "value": "x"}]},
    )
    operator = await crm.refused(
        422,
        "invalid-condition",
        RULES,
        **body,
        conditions=[{"field": "amount", "operator": "starts_with", "value": "x"}],
    )
    column = await crm.refused(
        422,
        "invalid-action",
        RULES,
        **{**body, "actions": [TASK, {"type": "update_field", "field": "status", "value": "won"}]},
    )

    assert {"crm.deal_won.v1", "orders.order_paid.v1"} <= set(event["events"])
    assert {"deal.amount", "event.reason"} <= set(field["fields"])
    assert field["field"] == "lead.name"
    assert "gte" in operator["operators"]
    assert (column["position"], "expected_close_on" in column["fields"]) == (1, True)


async def test_limits_say_what_to_do(crm: Crm, office: Office) -> None:
    body = {"name": "x", "trigger": WON, "actions": [TASK]}

    many = await crm.refused(422, "automation-limit-exceeded", RULES, **{**body, "actions": [TASK] * 21})
    deep = await crm.refused(422, "automation-limit-exceeded", RULES, **body, conditions=nested(6))
    office.context.settings.automation_rules_per_business = 2
    for _ in range(2):
        await office.crm.post(RULES, **body)
    full = await office.crm.refused(422, "automation-limit-exceeded", RULES, **body)

    assert (many["limit"], deep["limit"], full["limit"], full["what"]) == (20, 5, 2, "rules")
    assert (await crm.post(RULES, **body, conditions=nested(5)))["conditions"] == nested(5)


async def test_nobody_has_a_rule_do_what_he_may_not(client: Client, tenant_id: UUID) -> None:
    writer = client.acting(user(tenant_id, "crm.automation.*", "crm.deals.read"))
    body = {"name": "x", "trigger": WON, "actions": [TASK]}

    refused = await writer.post(RULES, json=body)
    whole = await client.post(RULES, json=body)
    path = f"{RULES}/{whole.json()['id']}"

    assert (refused.status_code, refused.json()["required_permission"]) == (403, "crm.tasks.write")
    for verb, sent in (("enable", None), ("run", {"object_type": "deal", "object_id": str(new_id())})):
        answer = await writer.post(f"{path}/{verb}", json=sent)
        assert answer.status_code in (403, 409), answer.text
    assert (await writer.post(f"{path}/enable")).json()["required_permissions"] == ["crm.tasks.write"]
    # A change of the name alone says nothing of what it does.
    renamed = await writer.patch(path, json={"name": "y"})
    assert (renamed.status_code, renamed.json()["owner_id"]) == (200, whole.json()["owner_id"])
    assert (await writer.patch(path, json={"enabled": True})).status_code == 403
    assert (await writer.patch(path, json={"actions": [TASK]})).status_code == 403


@pytest.mark.parametrize("changes", [{"user_id": None}, {"acting_user_id": new_id()}])
async def test_a_rule_needs_a_person(client: Client, tenant_id: UUID, changes: dict[str, Any]) -> None:
    body = {"name": "x", "trigger": WON, "actions": [TASK]}

    answer = await client.acting(user(tenant_id, **changes)).post(RULES, json=body)

    assert (answer.status_code, answer.json()["slug"]) == (403, "rule-needs-a-person")


async def test_every_change_makes_a_version(crm: Crm) -> None:
    rule = await crm.post(RULES, name="x", trigger=WON, actions=[TASK])
    path = f"{RULES}/{rule['id']}"

    await crm.client.post(f"{path}/enable")
    again = await crm.client.post(f"{path}/enable")
    await crm.client.patch(path, json={"actions": [{"type": "add_tag", "tag": "won"}]})
    await crm.client.post(f"{path}/disable")

    versions = (await crm.get(f"{path}/versions"))["items"]
    assert [one["change"] for one in versions] == ["disabled", "updated", "enabled", "created"]
    assert [one["version"] for one in versions] == [4, 3, 2, 1]
    assert again.json()["version"] == 2
    assert versions[1]["actions"] == [{"type": "add_tag", "tag": "won"}]
    assert versions[2]["actions"] == [TASK]
    assert (await crm.get(path))["version"] == 4


async def test_the_plan_decides_who_may_have_rules(client: Client, tenant_id: UUID) -> None:
    made = (await client.post(RULES, json={"name": "x", "trigger": WON, "actions": [TASK]})).json()
    path = f"{RULES}/{made['id']}"
    poor = client.acting(user(tenant_id, features=frozenset()))

    for method, where in (
        ("POST", RULES),
        ("PATCH", path),
        ("PUT", path),
        ("DELETE", path),
        *(("POST", f"{path}/{verb}") for verb in ("enable", "disable", "dry-run", "run")),
    ):
        answer = await poor.request(method, where, json={})
        assert (answer.status_code, answer.json()["slug"]) == (403, "feature-not-in-plan"), where
        assert answer.json()["feature"] == "automation.rules"
    assert (await poor.get(path)).status_code == 200
