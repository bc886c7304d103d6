"""Runs by hand, dry runs, and the list of runs."""

import pytest

from libs.common.ids import new_id
from services.crm.automation.hearing import CHANGED
from services.crm.tests.automation.office import DEAL_WON, MANUAL, RULES, TASK, Office


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


async def test_a_rule_shows_its_own_runs_and_versions_only(office: Office) -> None:
    first, second = await office.rule(MANUAL, TASK), await office.rule(MANUAL, TASK, name="Second")
    deal = await office.crm.deal()
    run = await office.client.post(f"{RULES}/{first['id']}/run", json={"object_id": deal["id"]})

    assert await office.runs(second) == []
    assert (await office.client.get(f"{RULES}/{second['id']}/runs/{run.json()['id']}")).status_code == 404
    versions = (await office.crm.get(f"{RULES}/{second['id']}/versions"))["items"]
    assert [one["name"] for one in versions] == ["Second"]


async def test_runs_are_filtered(office: Office) -> None:
    rule = await office.rule(MANUAL, TASK, conditions={"field": "name", "operator": "eq", "value": "a"})
    deals = [await office.crm.deal(name) for name in ("a", "b")]
    for deal in deals:
        await office.client.post(f"{RULES}/{rule['id']}/run", json={"object_id": deal["id"]})

    for params, expected in (
        ({"status": "skipped"}, [deals[1]["id"]]),
        ({"status": ["running", "waiting"]}, [deals[0]["id"]]),
        ({"object_id": deals[0]["id"]}, [deals[0]["id"]]),
        ({"status": "failed"}, []),
    ):
        assert [run["object_id"] for run in await office.runs(rule, **params)] == expected, params


@pytest.mark.parametrize(
    ("event", "field", "lies"),
    [
        ("orders.order_placed.v1", "placed_at", ("x", "9999-99-99", [1], {}, True)),
        ("orders.order_placed.v1", "customer_user_id", ("x", 7, {})),
        ("orders.order_placed.v1", "number", (7, [1], {"a": 1})),
        ("crm.deal_won.v1", "amount", ({}, {"amount": "x"}, {"amount": 1, "currency": "XXX"}, [1], 7)),
        ("crm.deal_won.v1", "amount.amount", (["x"], "x", {}, True)),
        ("crm.change_recorded.v1", "changed", ("name", 7, [{"a": 1}])),
        ("catalog.stock_low.v1", "available", ("x", [1], True)),
    ],
)
async def test_a_dry_run_supposes_nothing_that_no_event_could_say(
    office: Office, event: str, field: str, lies: tuple[object, ...]
) -> None:
    trigger = {"type": "event", "event": event}
    if event == CHANGED.wire_name:
        trigger["object_type"] = "deal"
    rule = await office.rule(
        trigger,
        {"type": "stop_if", "conditions": {"field": f"event.{field}", "operator": "is_set"}},
        conditions={"field": f"event.{field}", "operator": "is_set"},
        enabled=False,
    )
    path = f"{RULES}/{rule['id']}/dry-run"
    deal = await office.crm.deal()
    about = {"object_id": deal["id"]} if rule["object_type"] else {}

    for lie in lies:
        said: object = lie
        for name in reversed(field.split(".")):
            said = {name: said}
        await office.crm.refused(422, "validation-failed", path, event=said, **about)
