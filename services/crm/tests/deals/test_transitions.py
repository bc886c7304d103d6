"""How deals move: verbs, history, events, and what two people at once can do."""

import asyncio
from uuid import UUID

from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.crm import DealChanged, DealLost, DealMoved, DealReopened, DealWon
from services.crm.tests.factories import Crm, add_member, line, rand


async def test_a_deal_is_moved(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B")
    first, second = pipeline["stages"][:2]
    deal = await crm.deal(amount=rand(5), source="fair")

    moved = await crm.post(f"/deals/{deal['id']}/move", stage_id=second["id"])
    again = await crm.post(f"/deals/{deal['id']}/move", stage_id=second["id"])

    assert (moved["stage"], moved["stage_id"], moved["version"]) == ("B", second["id"], deal["version"] + 1)
    assert again == moved
    [event] = await emitted(context, tenant_id, DealMoved)
    assert event.data == {
        "deal_id": deal["id"],
        "name": "Website",
        "pipeline_id": pipeline["id"],
        "pipeline": "Sales",
        "from_stage_id": first["id"],
        "from_stage": "A",
        "stage_id": second["id"],
        "stage": "B",
        "amount": rand(5),
        "source": "fair",
        "owner_id": None,
        "expected_close_on": None,
        "registration_id": None,
        "applicant_company_id": None,
    }


async def test_what_a_deal_is_now_is_told_when_it_is_edited_and_when_it_goes(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    owner_id = str(await add_member(context, tenant_id))
    deal = await crm.deal(amount=rand(5))
    path = f"/deals/{deal['id']}"

    await crm.client.patch(path, json={"owner_id": owner_id, "expected_close_on": "2031-05-06"})
    await crm.client.delete(path)

    told = [event.data for event in await emitted(context, tenant_id, DealChanged)]
    assert [(e["owner_id"], e["expected_close_on"]) for e in told] == [(owner_id, "2031-05-06")] * 2
    assert [(e["status"], e["deleted"]) for e in told] == [("open", False), ("open", True)]
    assert told[0]["stage_id"] == deal["stage_id"]


async def test_a_deal_is_won(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    deal = await crm.deal(lines=[line()])

    won = await crm.post(f"/deals/{deal['id']}/win", won_reason="Price")

    assert (won["status"], won["stage"], won["probability"]) == ("won", "Won", 100)
    assert (won["won_reason"], won["closed_at"]) == ("Price", won["stage_entered_at"])
    [event] = await emitted(context, tenant_id, DealWon)
    assert (event.data["amount"], event.data["reason"]) == (rand(50_000), "Price")


async def test_a_deal_is_won_with_an_empty_body_or_none(crm: Crm) -> None:
    first, second = await crm.deal(), await crm.deal()

    assert (await crm.post(f"/deals/{first['id']}/win"))["status"] == "won"
    assert (await crm.client.post(f"/deals/{second['id']}/win")).json()["status"] == "won"


async def test_a_deal_is_lost_with_a_reason(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}/lose"

    for body in ({}, {"lost_reason": None}, {"lost_reason": " "}):
        assert (await crm.client.post(path, json=body)).status_code == 422
    lost = await crm.post(path, lost_reason="Price")

    assert (lost["status"], lost["stage"], lost["lost_reason"]) == ("lost", "Lost", "Price")
    [event] = await emitted(context, tenant_id, DealLost)
    assert event.data["reason"] == "Price"


async def test_a_closed_deal_is_not_closed_again(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    won, lost = await crm.deal(), await crm.deal()
    await crm.post(f"/deals/{won['id']}/win")
    await crm.post(f"/deals/{lost['id']}/lose", lost_reason="Price")

    for deal in (won, lost):
        stage_id = deal["stage_id"]
        for verb, body in (
            ("win", {}),
            ("lose", {"lost_reason": "x"}),
            ("move", {"stage_id": stage_id}),
        ):
            problem = await crm.refused(409, "invalid-transition", f"/deals/{deal['id']}/{verb}", **body)
            assert (problem["status"], problem["current_status"]) == (409, "won" if deal is won else "lost")

    assert len(await emitted(context, tenant_id, DealWon)) == 1
    assert len(await emitted(context, tenant_id, DealLost)) == 1


async def test_a_lost_deal_is_reopened_where_it_was_and_won(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B")
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"
    await crm.refused(409, "invalid-transition", f"{path}/reopen")
    await crm.post(f"{path}/move", stage_id=pipeline["stages"][1]["id"])
    await crm.post(f"{path}/lose", lost_reason="Price")

    opened = await crm.post(f"{path}/reopen")
    won = await crm.post(f"{path}/win")

    assert (opened["status"], opened["stage"]) == ("open", "B")
    assert (opened["closed_at"], opened["lost_reason"]) == (None, None)
    assert won["status"] == "won"
    [event] = await emitted(context, tenant_id, DealReopened)
    assert event.data["stage"] == "B"


async def test_a_deal_is_reopened_at_a_stage_named_or_else_the_first(crm: Crm) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B", "C")
    stages = {stage["name"]: stage["id"] for stage in pipeline["stages"]}
    named, orphan = await crm.deal(), await crm.deal(stage_id=stages["C"])
    for deal in (named, orphan):
        await crm.post(f"/deals/{deal['id']}/win")
    await crm.client.delete(f"/stages/{stages['C']}")

    assert (await crm.post(f"/deals/{named['id']}/reopen", stage_id=stages["B"]))["stage"] == "B"
    assert (await crm.post(f"/deals/{orphan['id']}/reopen"))["stage"] == "A"


async def test_a_deal_moves_only_to_open_stages_of_its_pipeline(crm: Crm) -> None:
    pipeline, other = await crm.pipeline("One"), await crm.pipeline("Two")
    deal = await crm.deal(pipeline_id=pipeline["id"])
    path = f"/deals/{deal['id']}/move"

    won = next(stage for stage in pipeline["stages"] if stage["kind"] == "won")
    await crm.refused(409, "invalid-transition", path, stage_id=won["id"])
    await crm.refused(422, "stage-not-in-pipeline", path, stage_id=other["stages"][0]["id"])
    await crm.refused(422, "unknown-reference", path, stage_id=str(new_id()))
    await crm.refused(422, "validation-failed", path)


async def test_a_stage_takes_only_deals_with_the_fields_it_requires(crm: Crm) -> None:
    pipeline = await crm.pipeline("Sales", "A", "B")
    strict = pipeline["stages"][1]["id"]
    await crm.client.patch(f"/stages/{strict}", json={"required_fields": ["amount", "expected_close_on"]})
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"

    problem = await crm.refused(422, "fields-required", f"{path}/move", stage_id=strict)
    await crm.client.patch(path, json={"amount": rand(5), "expected_close_on": "2031-01-01"})

    assert problem["fields"] == ["amount", "expected_close_on"]
    assert (await crm.post(f"{path}/move", stage_id=strict))["stage"] == "B"
    await crm.refused(422, "fields-required", "/deals", name="x", stage_id=strict)


async def test_reasons_come_from_the_pipelines_lists_where_it_has_them(crm: Crm) -> None:
    pipeline = await crm.pipeline("Sales", won_reasons=["Price"], lost_reasons=["Late"])
    deal = await crm.deal(pipeline_id=pipeline["id"])
    path = f"/deals/{deal['id']}"

    problem = await crm.refused(422, "unknown-reason", f"{path}/lose", lost_reason="Mood")
    await crm.refused(422, "unknown-reason", f"{path}/win", won_reason="Mood")

    assert problem["reasons"] == ["Late"]
    assert (await crm.post(f"{path}/lose", lost_reason="Late"))["status"] == "lost"


async def test_the_history_tells_how_long_a_deal_stood_where(timed: tuple[Client, ManualClock]) -> None:
    client, clock = timed
    crm = Crm(client)
    pipeline = await crm.pipeline("Sales", "A", "B")
    first, second = (stage["id"] for stage in pipeline["stages"][:2])
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"
    for seconds, stage_id in ((60, second), (30, first), (5, second)):
        clock.advance(seconds=seconds)
        await crm.post(f"{path}/move", stage_id=stage_id)
    clock.advance(seconds=7)
    await crm.post(f"{path}/win")
    clock.advance(seconds=100)

    history = await crm.get(f"{path}/history")

    assert client.actor is not None
    assert [
        (step["from_stage"], step["to_stage"], step["seconds_in_stage"]) for step in history["items"]
    ] == [(None, "A", None), ("A", "B", 60), ("B", "A", 30), ("A", "B", 5), ("B", "Won", 7)]
    assert {step["by_id"] for step in history["items"]} == {str(client.actor.user_id)}
    assert [(row["stage"], row["seconds"], row["is_current"]) for row in history["time_in_stage"]] == [
        ("A", 65, False),
        ("B", 37, False),
        ("Won", 100, True),
    ]
    page = await crm.get(f"{path}/history", limit=2)
    rest = await crm.get(f"{path}/history", limit=200, cursor=page["next_cursor"])
    assert page["items"] + rest["items"] == history["items"]


async def test_of_concurrent_wins_one_counts(crm: Crm, context: ServiceContext, tenant_id: UUID) -> None:
    deal = await crm.deal()

    answers = await asyncio.gather(*(crm.client.post(f"/deals/{deal['id']}/win") for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert {answer.json()["slug"] for answer in answers if answer.status_code == 409} == {
        "invalid-transition"
    }
    assert len(await emitted(context, tenant_id, DealWon)) == 1
    assert len((await crm.get(f"/deals/{deal['id']}/history"))["items"]) == 2


async def test_a_win_and_a_loss_at_once_leave_one_of_them(
    crm: Crm, context: ServiceContext, tenant_id: UUID
) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"

    win, lose = await asyncio.gather(
        crm.client.post(f"{path}/win"), crm.client.post(f"{path}/lose", json={"lost_reason": "x"})
    )

    assert sorted((win.status_code, lose.status_code)) == [200, 409]
    events = [e.type for e in await emitted(context, tenant_id) if e.type != "crm.deal_created.v1"]
    assert events == ["crm.deal_won.v1" if win.status_code == 200 else "crm.deal_lost.v1"]


async def test_a_stage_is_not_removed_under_a_deal_that_comes_to_it(crm: Crm) -> None:
    for attempt in range(5):
        pipeline = await crm.pipeline(f"Sales {attempt}", "A", "B")
        target = pipeline["stages"][1]["id"]
        deal = await crm.deal(pipeline_id=pipeline["id"])

        moved, removed = await asyncio.gather(
            crm.client.post(f"/deals/{deal['id']}/move", json={"stage_id": target}),
            crm.client.delete(f"/stages/{target}"),
        )

        assert (moved.status_code, removed.status_code) in {(200, 409), (422, 204)}


async def test_an_old_version_is_refused(crm: Crm) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"
    await crm.client.patch(path, json={"name": "Newer"})

    response = await crm.client.post(f"{path}/win", headers={"If-Match": '"1"'})

    assert response.status_code == 412
    assert (await crm.get(path))["status"] == "open"


async def test_who_may_move_and_close(
    crm: Crm, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}"
    reader = client.acting(user(tenant_id, "crm.deals.read"))
    writer = client.acting(user(tenant_id, "crm.deals.read", "crm.deals.write"))
    pending = client.acting(user(tenant_id, tenant_status="pending"))
    stranger = client.acting(user(other_tenant_id))

    for verb, body, permission in (
        ("move", {"stage_id": deal["stage_id"]}, "crm.deals.write"),
        ("win", {}, "crm.deals.close"),
        ("lose", {"lost_reason": "x"}, "crm.deals.close"),
        ("reopen", {}, "crm.deals.close"),
    ):
        target = f"{path}/{verb}"
        refused = await reader.post(target, json=body)
        assert (await client.acting(None).post(target, json=body)).status_code == 401
        assert (refused.status_code, refused.json()["required_permission"]) == (403, permission)
        assert (await pending.post(target, json=body)).json()["slug"] == "tenant-not-active"
        assert (await stranger.post(target, json=body)).status_code == 404
    assert (await writer.post(f"{path}/move", json={"stage_id": deal["stage_id"]})).status_code == 200
    assert (await reader.get(f"{path}/history")).status_code == 200
    assert (await stranger.get(f"{path}/history")).status_code == 404
    assert (await crm.get(path))["status"] == "open"
