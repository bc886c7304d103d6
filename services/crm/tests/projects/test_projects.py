"""Projects over HTTP."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.events import deliver
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.identity import MemberRemoved
from services.crm.tests.factories import Crm, add_member


class TestProjects(ResourceSuite):
    """What every resource promises."""

    path = "/projects"
    permission = "crm.projects"
    create = {"name": "Relaunch", "starts_on": "2031-01-01", "due_on": "2031-02-01", "tags": ["web"]}
    changes = {"name": "Launch", "status": "active", "starts_on": "2031-01-02", "tags": []}
    emptied = "due_on"
    needs_active = True
    invalid = (
        {"name": ""},
        {"status": "won"},
        {"due_on": "2030-12-31"},
        {"member_ids": [str(new_id())]},
        {"deal_id": str(new_id())},
    )


async def test_members_come_and_go(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    first, second = [await add_member(context, tenant_id) for _ in range(2)]
    project = await crm.post("/projects", name="Relaunch", member_ids=[str(first), str(first)])
    path = f"/projects/{project['id']}"
    await crm.post("/projects", name="Other")
    assert project["member_ids"] == [str(first)]

    await deliver(context, MemberRemoved(company_id=tenant_id, user_id=first), tenant_id)
    both = (await crm.client.patch(path, json={"member_ids": [str(first), str(second)]})).json()
    found = (await crm.get("/projects", member_id=str(second)))["items"]
    either = (await crm.get("/projects", member_id=[str(first), str(second)]))["items"]
    alone = (await crm.client.patch(path, json={"member_ids": [str(second)]})).json()
    back = await crm.client.patch(path, json={"member_ids": [str(first)]})

    assert both["member_ids"] == sorted([str(first), str(second)])
    assert found == [both]
    assert [row["id"] for row in either] == [project["id"]]
    assert alone["member_ids"] == [str(second)]
    assert back.json()["slug"] == "unknown-person"


async def test_the_dates_must_fit_together_after_a_change_too(crm: Crm) -> None:
    project = await crm.post("/projects", name="Relaunch", due_on="2031-02-01")

    response = await crm.client.patch(f"/projects/{project['id']}", json={"starts_on": "2031-02-02"})

    assert (response.status_code, response.json()["slug"]) == (422, "due-before-start")
