"""Tasks over HTTP."""

import asyncio
from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.crm import TaskAssigned, TaskChanged, TaskCompleted
from services.crm.tests.factories import Crm, add_member, line


class TestTasks(ResourceSuite):
    """What every resource promises."""

    path = "/tasks"
    permission = "crm.tasks"
    create = {"name": "Call back", "due_at": "2031-02-03T04:05:06Z", "tags": ["phone"]}
    changes = {"name": "Call again", "status": "in_progress", "priority": "urgent", "tags": []}
    emptied = "due_at"
    needs_active = True
    invalid = (
        {"name": ""},
        {"status": "won"},
        {"priority": 1},
        {"due_at": "tomorrow"},
        {"due_at": "2031-02-03T04:05:06"},
        {"assignee_id": str(new_id())},
        {"deal_id": str(new_id())},
    )


async def test_a_task_of_a_deal_carries_its_products(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    assignee_id = str(await add_member(context, tenant_id))
    company = await crm.post("/companies", name="Karoo Coffee")
    deal = await crm.deal(lines=[line("micro-sites", 5, 2)], company_id=company["id"])

    task = await crm.post(f"/deals/{deal['id']}/tasks", name="Build it", assignee_id=assignee_id)

    assert task["products"] == deal["lines"]
    assert task["products"][0]["sku"] == "micro-sites"
    assert (task["deal_id"], task["company_id"]) == (deal["id"], company["id"])
    assert (task["assignee_id"], task["status"], task["priority"]) == (assignee_id, "todo", "normal")
    assert await crm.get(f"/tasks/{task['id']}") == task
    assert (await crm.get("/tasks", deal_id=deal["id"]))["items"] == [task]
    [event] = await emitted(context, tenant_id, TaskAssigned)
    assert crm.client.actor is not None
    assert event.data == {
        "task_id": task["id"],
        "name": "Build it",
        "assignee_id": assignee_id,
        "assigned_by_id": str(crm.client.actor.user_id),
        "due_at": None,
        "deal_id": deal["id"],
    }


async def test_a_task_needs_a_deal_that_exists(
    crm: Crm, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}/tasks"
    stranger = client.acting(user(other_tenant_id))
    seller = client.acting(user(tenant_id, "crm.deals.write"))

    await crm.refused(404, "not-found", f"/deals/{new_id()}/tasks", name="x")
    assert (await stranger.post(path, json={"name": "x"})).status_code == 404
    assert (await seller.post(path, json={"name": "x"})).json()["required_permission"] == "crm.tasks.write"
    assert (await client.acting(None).post(path, json={"name": "x"})).status_code == 401
    await crm.refused(422, "validation-failed", path, name="x", deal_id=deal["id"])


async def test_only_a_new_assignee_is_told(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    first, second = [str(await add_member(context, tenant_id)) for _ in range(2)]
    task = await crm.post("/tasks", name="Call back", assignee_id=first)
    path = f"/tasks/{task['id']}"

    await crm.client.patch(path, json={"priority": "high"})
    await crm.client.patch(path, json={"assignee_id": first})
    await crm.client.patch(path, json={"assignee_id": second})
    await crm.client.patch(path, json={"assignee_id": None})

    told = [event.data["assignee_id"] for event in await emitted(context, tenant_id, TaskAssigned)]
    assert told == [first, second]


async def test_a_task_is_completed_once(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    task = await crm.post("/tasks", name="Call back")
    path = f"/tasks/{task['id']}/complete"

    answers = await asyncio.gather(*(crm.client.post(path) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    shown = await crm.get(f"/tasks/{task['id']}")
    assert crm.client.actor is not None
    assert (shown["status"], shown["completed_by_id"]) == ("done", str(crm.client.actor.user_id))
    [event] = await emitted(context, tenant_id, TaskCompleted)
    assert event.data["task_id"] == task["id"]


async def test_completion_follows_the_status(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    task = await crm.post("/tasks", name="Call back", status="done")
    path = f"/tasks/{task['id']}"
    assert task["completed_at"] is not None

    kept = (await crm.client.patch(path, json={"priority": "low"})).json()
    opened = (await crm.client.patch(path, json={"status": "todo"})).json()
    done = (await crm.client.patch(path, json={"status": "done"})).json()

    assert kept["completed_at"] == task["completed_at"]
    assert (opened["completed_at"], opened["completed_by_id"]) == (None, None)
    assert done["completed_at"] is not None
    assert len(await emitted(context, tenant_id, TaskCompleted)) == 2


async def test_a_cancelled_task_is_not_completed(crm: Crm) -> None:
    task = await crm.post("/tasks", name="Call back", status="cancelled")

    await crm.refused(409, "invalid-transition", f"/tasks/{task['id']}/complete")


async def test_tasks_are_filtered(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    assignee_id = str(await add_member(context, tenant_id))
    await crm.post("/tasks", name="mine", assignee_id=assignee_id, priority="high")
    await crm.post("/tasks", name="due", due_at="2031-01-01T00:00:00Z")
    await crm.post("/tasks", name="done", status="done")

    for params, expected in (
        ({"assignee_id": assignee_id}, {"mine"}),
        ({"priority": ["high", "urgent"]}, {"mine"}),
        ({"status": "done"}, {"done"}),
        ({"due_at_from": "2030-12-31T23:00:00Z", "due_at_to": "2031-01-01T00:00:00Z"}, {"due"}),
        ({"q": "MIN"}, {"mine"}),
    ):
        found = (await crm.get("/tasks", **params))["items"]
        assert {row["name"] for row in found} == expected, params


async def test_what_a_task_is_now_is_told_whatever_becomes_of_it(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    task = await crm.post("/tasks", name="Call", due_at="2031-02-03T04:05:06Z")
    path = f"/tasks/{task['id']}"

    await crm.client.patch(path, json={"due_at": None})
    await crm.post(f"{path}/complete")
    await crm.client.patch(path, json={"status": "cancelled"})
    await crm.client.delete(path)

    told = [event.data for event in await emitted(context, tenant_id, TaskChanged)]
    assert [e["status"] for e in told] == ["todo", "todo", "done", "cancelled", "cancelled"]
    assert [e["due_at"] for e in told] == ["2031-02-03T04:05:06Z", None, None, None, None]
    assert [e["completed_at"] is not None for e in told] == [False, False, True, False, False]
    assert [e["deleted"] for e in told] == [False] * 4 + [True]
