"""Pipelines over HTTP, and those that businesses are given."""

import asyncio
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.identity import ProvisioningRequested, TenantActivated
from libs.contracts.provisioning import STEP_PROVISIONED
from services.crm.seed import seed
from services.crm.tests.factories import Crm


class TestPipelines(ResourceSuite):
    """What every resource promises."""

    path = "/pipelines"
    permission = "crm.pipelines"
    create = {"name": "Sales", "position": 3, "stages": [{"name": "Talk"}], "won_stage": "Signed"}
    changes = {"name": "Renamed", "position": 5, "lost_reasons": ["Price"]}
    needs_active = True
    invalid = (
        {"name": ""},
        {"stages": []},
        {"stages": [{"name": "New", "probability": 101}]},
        {"stages": [{"name": "New", "required_fields": ["colour"]}]},
        {"position": -1},
        {"is_default": None},
    )

    async def body(self, client: Client, n: int = 0) -> dict[str, Any]:
        """Names are unique. The first pipeline is made beforehand: the default one may not be removed."""
        if not await self.listed(client):
            await client.post(self.path, json={"name": "Default"})
        return self.create | {"name": f"Sales {n}"}


def shape(pipeline: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Name, kind and probability of the stages."""
    return [(stage["name"], stage["kind"], stage["probability"]) for stage in pipeline["stages"]]


SALES = [
    ("New", "open", 10),
    ("Qualified", "open", 30),
    ("Proposal", "open", 60),
    ("Won", "won", 100),
    ("Lost", "lost", 0),
]


async def test_the_closing_stages_come_after_those_named(crm: Crm) -> None:
    pipeline = await crm.post(
        "/pipelines",
        name="Projects",
        stages=[{"name": "Idea", "probability": 5}, {"name": "Plan"}],
        won_stage="Done",
        lost_stage="Dropped",
    )

    assert shape(pipeline) == [
        ("Idea", "open", 5),
        ("Plan", "open", 50),
        ("Done", "won", 100),
        ("Dropped", "lost", 0),
    ]
    assert (await crm.get(f"/pipelines/{pipeline['id']}"))["stages"] == pipeline["stages"]


async def test_an_activated_business_gets_its_pipeline_once(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    event = TenantActivated(
        company_id=tenant_id,
        company_name="Karoo Coffee",
        owner_user_id=new_id(),
        owner_email="owner@karoo.example",
        currency="ZAR",
    )

    await deliver(context, event, tenant_id)
    await deliver(context, event, tenant_id)

    [pipeline] = (await crm.get("/pipelines"))["items"]
    assert (pipeline["name"], pipeline["is_default"]) == ("Sales", True)
    assert shape(pipeline) == SALES


async def test_a_business_without_pipelines_gets_one_with_its_first_deals(crm: Crm) -> None:
    await asyncio.gather(*(crm.deal(f"Deal {n}") for n in range(4)))

    [pipeline] = (await crm.get("/pipelines"))["items"]
    assert shape(pipeline) == SALES


async def test_the_operator_has_its_pipelines_after_any_number_of_seedings(context: ServiceContext) -> None:
    await seed(context)
    await seed(context)

    operator = Crm(Client(context, user(OPERATOR_TENANT_ID)))
    found = {row["name"]: row for row in (await operator.get("/pipelines"))["items"]}

    assert shape(found["Sales"]) == SALES
    assert found["Sales"]["is_default"]
    assert shape(found["Registrations"])[0] == ("New", "open", 50)
    assert not found["Registrations"]["is_default"]


async def test_stages_that_a_put_sends_replace_those_of_other_names(crm: Crm) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B", "C")
    path = f"/pipelines/{pipeline['id']}"
    await crm.deal(pipeline_id=pipeline["id"])
    wanted = [{"name": "C", "probability": 70}, {"name": "D"}, {"name": "A"}]

    changed = await crm.client.put(path, json={"name": "Sales", "stages": wanted, "won_stage": "Signed"})
    kept = await crm.client.put(path, json={"name": "Selling"})

    assert shape(changed.json()) == [
        ("C", "open", 70),
        ("D", "open", 50),
        ("A", "open", 50),
        ("Signed", "won", 100),
        ("Lost", "lost", 0),
    ]
    before, after = ({s["name"]: s["id"] for s in p["stages"]} for p in (pipeline, changed.json()))
    assert {name: after[name] for name in ("A", "C", "Lost")} == {
        name: before[name] for name in ("A", "C", "Lost")
    }
    assert after["Signed"] == before["Won"]
    assert kept.json()["stages"] == changed.json()["stages"]
    for stages, slug in (
        ([{"name": "D"}], "stage-in-use"),
        ([{"name": "A"}, {"name": "A"}], "already-exists"),
    ):
        refused = await crm.client.put(path, json={"name": "Other", "stages": stages})
        assert (refused.status_code, refused.json()["slug"]) == (409, slug)
    assert await crm.get(path) == kept.json()


async def test_there_is_one_default_pipeline(crm: Crm) -> None:
    first = await crm.pipeline("First")
    second = await crm.pipeline("Second")
    assert (first["is_default"], second["is_default"]) == (True, False)

    await crm.client.patch(f"/pipelines/{second['id']}", json={"is_default": True})
    third = await crm.pipeline("Third", is_default=True)

    defaults = {row["name"] for row in (await crm.get("/pipelines"))["items"] if row["is_default"]}
    assert defaults == {"Third"}
    assert (await crm.deal())["pipeline_id"] == third["id"]
    response = await crm.client.patch(f"/pipelines/{third['id']}", json={"is_default": False})
    assert (response.status_code, response.json()["slug"]) == (409, "conflict")


async def test_two_defaults_made_at_once_leave_one(crm: Crm) -> None:
    await asyncio.gather(*(crm.pipeline(f"P{n}", is_default=True) for n in range(4)))

    rows = (await crm.get("/pipelines"))["items"]
    assert [row["is_default"] for row in rows].count(True) == 1


async def test_a_pipeline_in_use_is_not_removed(crm: Crm) -> None:
    default = await crm.pipeline("Default")
    used = await crm.pipeline("Used")
    unused = await crm.pipeline("Unused")
    deal = await crm.deal(pipeline_id=used["id"])

    for pipeline in (default, used):
        response = await crm.client.delete(f"/pipelines/{pipeline['id']}")
        assert (response.status_code, response.json()["slug"]) == (409, "pipeline-in-use")
    assert (await crm.client.delete(f"/pipelines/{unused['id']}")).status_code == 204
    assert (await crm.get("/stages", pipeline_id=unused["id"]))["items"] == []
    await crm.client.delete(f"/deals/{deal['id']}")
    assert (await crm.client.delete(f"/pipelines/{used['id']}")).status_code == 204


async def test_a_name_is_free_again_once_its_pipeline_is_removed(crm: Crm) -> None:
    await crm.pipeline("Default")
    pipeline = await crm.pipeline("Sales")
    await crm.refused(409, "already-exists", "/pipelines", name="Sales")

    await crm.client.delete(f"/pipelines/{pipeline['id']}")

    assert (await crm.pipeline("Sales"))["id"] != pipeline["id"]


async def test_the_first_pipeline_is_confirmed_whenever_it_is_asked_for(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    asked = ProvisioningRequested(
        company_id=tenant_id,
        company_name="Karoo Coffee",
        registration_id=new_id(),
        step="default_pipeline",
        run=3,
        product="micro-sites",
        owner_email="owner@karoo.example",
    )

    await deliver(context, asked, tenant_id)
    await deliver(context, asked.model_copy(update={"step": "default_store"}), tenant_id)

    assert len((await crm.get("/pipelines"))["items"]) == 1
    [confirmed] = await emitted(context, tenant_id, STEP_PROVISIONED["crm"])
    assert (confirmed.data["step"], confirmed.data["run"]) == ("default_pipeline", 3)
