"""Stages over HTTP."""

from typing import Any
from uuid import UUID

from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.resource_suite import ResourceSuite
from services.crm.tests.factories import Crm


class TestStages(ResourceSuite):
    """What every resource promises."""

    path = "/stages"
    permission = "crm.stages"
    create = {"name": "Demo", "probability": 40, "position": 7}
    changes = {"name": "Trial", "probability": 45, "position": 8, "required_fields": ["amount"]}
    needs_active = True
    invalid = ({"name": ""}, {"probability": 101}, {"position": 1000}, {"kind": "won"}, {"pipeline_id": None})

    async def body(self, client: Client, n: int = 0) -> dict[str, Any]:
        """Names are unique within a pipeline."""
        found = (await client.get("/pipelines")).json()["items"]
        pipeline = found[0] if found else await Crm(client).pipeline()
        return self.create | {"name": f"Demo {n}", "pipeline_id": pipeline["id"]}


async def test_a_new_stage_comes_before_the_closing_ones(crm: Crm) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B")

    await crm.post("/stages", pipeline_id=pipeline["id"], name="C")

    stages = (await crm.get(f"/pipelines/{pipeline['id']}"))["stages"]
    assert [stage["name"] for stage in stages] == ["A", "B", "C", "Won", "Lost"]
    listed = (await crm.get("/stages", pipeline_id=pipeline["id"]))["items"]
    assert listed == stages


async def test_a_stage_stays_in_its_pipeline_and_without_a_position_in_its_place(crm: Crm) -> None:
    pipeline, other = await crm.pipeline("Sales", "A", "B"), await crm.pipeline("Other")
    path = f"/stages/{pipeline['stages'][1]['id']}"

    kept = await crm.client.put(path, json={"name": "C", "pipeline_id": pipeline["id"]})
    moved = await crm.client.put(path, json={"name": "C", "pipeline_id": other["id"]})

    assert (kept.json()["name"], kept.json()["position"]) == ("C", 1)
    assert (moved.status_code, moved.json()["errors"][0]["loc"]) == (422, ["body", "pipeline_id"])


async def test_of_a_closing_stage_only_the_name_changes(crm: Crm) -> None:
    pipeline = await crm.pipeline()
    won = next(stage for stage in pipeline["stages"] if stage["kind"] == "won")
    path = f"/stages/{won['id']}"

    renamed = await crm.client.patch(path, json={"name": "Signed"})

    assert (renamed.status_code, renamed.json()["name"]) == (200, "Signed")
    for change in ({"probability": 90}, {"position": 1}, {"required_fields": ["amount"]}):
        response = await crm.client.patch(path, json=change)
        assert (response.status_code, response.json()["slug"]) == (409, "stage-needed"), change
    assert (await crm.client.delete(path)).json()["slug"] == "stage-needed"


async def test_a_stage_with_deals_and_the_last_open_one_stay(crm: Crm) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B")
    first, second = pipeline["stages"][:2]
    deal = await crm.deal(pipeline_id=pipeline["id"])

    in_use = await crm.client.delete(f"/stages/{first['id']}")
    await crm.post(f"/deals/{deal['id']}/move", stage_id=second["id"])
    removed = await crm.client.delete(f"/stages/{first['id']}")
    last = await crm.client.delete(f"/stages/{second['id']}")

    assert (in_use.status_code, in_use.json()["slug"]) == (409, "stage-in-use")
    assert removed.status_code == 204
    assert (last.status_code, last.json()["slug"]) == (409, "stage-needed")
    history = await crm.get(f"/deals/{deal['id']}/history")
    assert [step["to_stage"] for step in history["items"]] == ["A", "B"]


async def test_a_name_is_unique_within_its_pipeline(crm: Crm) -> None:
    pipeline, other = await crm.pipeline("One"), await crm.pipeline("Two")

    await crm.refused(409, "already-exists", "/stages", pipeline_id=pipeline["id"], name="Won")
    await crm.post("/stages", pipeline_id=other["id"], name="Extra")


async def test_a_stage_cannot_join_a_pipeline_of_another_tenant(
    crm: Crm, client: Client, other_tenant_id: UUID
) -> None:
    theirs = await Crm(client.acting(user(other_tenant_id))).pipeline()

    await crm.refused(422, "unknown-reference", "/stages", pipeline_id=theirs["id"], name="Mine")
