"""What operators see and do of the bus of one service, over HTTP."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.jobs.job import Job
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.broker import Verdict
from libs.common.messaging.bus_admin import router
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.tests.delivery_suite import parcel, send
from libs.common.messaging.tests.parcels.service import KEEP_LATEST, SERVICE, ParcelMoved
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.brokers.things import made
from libs.common.testing.client import Client

PATH = "/internal/bus"
NOBODY = "01937d2c-7b1e-7000-8000-0000000000ff"


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(replace(SERVICE, routers=(router,)), fresh_database(SERVICE))
    yield context
    await context.close()


@pytest.fixture
def operator(context: ServiceContext) -> Client:
    return Client(context, user(new_id(), "gateway.bus.read", "gateway.bus.write"))


async def die(context: ServiceContext, tenant_id: UUID, mood: str = "fails", **changes: Any) -> UUID:
    """Let an event die, and return the id of its parcel."""
    one = new_id()
    sent = made(
        ParcelMoved(parcel_id=one, step=1, mood=mood), **{"tenant_id": tenant_id, "attempts": 1, **changes}
    )
    assert await Consumer(context, max_attempts=1).deliver(KEEP_LATEST, sent) is Verdict.DONE
    return one


async def letters(operator: Client) -> list[dict[str, Any]]:
    answer = await operator.get(f"{PATH}/dead-letters")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.mark.parametrize("path", ["outbox", "queues", "dead-letters", f"dead-letters/{NOBODY}", "jobs"])
async def test_reading_needs_the_permission(context: ServiceContext, tenant_id: UUID, path: str) -> None:
    client = Client(context)
    assert (await client.get(f"{PATH}/{path}")).status_code == 401
    refused = await client.acting(user(tenant_id, "crm.*")).get(f"{PATH}/{path}")
    assert (refused.status_code, refused.json()["required_permission"]) == (403, "gateway.bus.read")


@pytest.mark.parametrize(
    "path", [f"dead-letters/{NOBODY}/retry", f"dead-letters/{NOBODY}/skip", f"jobs/{NOBODY}/retry"]
)
async def test_acting_needs_the_other_permission(context: ServiceContext, tenant_id: UUID, path: str) -> None:
    client = Client(context)
    body = {"reason": "because"}
    assert (await client.post(f"{PATH}/{path}", json=body)).status_code == 401
    refused = await client.acting(user(tenant_id, "gateway.bus.read")).post(f"{PATH}/{path}", json=body)
    assert (refused.status_code, refused.json()["required_permission"]) == (403, "gateway.bus.write")


async def test_the_outbox_tells_how_much_waits_and_since_when(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    assert (await operator.get(f"{PATH}/outbox")).json() == {"pending": 0, "oldest_seconds": 0.0}
    await send(context, tenant_id, *(ParcelMoved(parcel_id=new_id(), step=step) for step in range(3)))
    answer = (await operator.get(f"{PATH}/outbox")).json()
    assert answer["pending"] == 3
    assert 0 <= answer["oldest_seconds"] < 60


async def test_queues_are_those_of_the_service(
    context: ServiceContext, operator: Client, namespace: str
) -> None:
    assert (await operator.get(f"{PATH}/queues")).status_code == 503
    broker = PostgresBroker(context.common.service_database_url("bus"), namespace=namespace)
    await broker.start()
    await broker.declare([*SERVICE.subscriptions, replace(KEEP_LATEST, name="others.keep_latest")])
    context.broker = broker
    answer = await operator.get(f"{PATH}/queues")
    assert answer.json() == {
        "items": [
            {"name": f"{namespace}.{name}", "ready": 0, "in_flight": 0, "delayed": 0}
            for name in ("parcels.keep_latest", "parcels.write_arrival")
        ]
    }
    await broker.stop()
    assert (await operator.get(f"{PATH}/queues")).status_code == 503


async def test_dead_letters_are_listed_newest_first_page_by_page(
    context: ServiceContext, operator: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    parcels = [await die(context, tenant) for tenant in (tenant_id, other_tenant_id, tenant_id)]
    first = (await operator.get(f"{PATH}/dead-letters", params={"limit": 2})).json()
    second = (
        await operator.get(f"{PATH}/dead-letters", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    assert second["next_cursor"] is None
    listed = first["items"] + second["items"]
    assert [item["tenant_id"] for item in listed] == [str(tenant_id), str(other_tenant_id), str(tenant_id)]
    assert {item["handler"] for item in listed} == {KEEP_LATEST.name}
    detail = (await operator.get(f"{PATH}/dead-letters/{listed[0]['id']}")).json()
    assert detail["envelope"]["data"]["parcel_id"] == str(parcels[-1])
    assert detail["reason"] == "ValueError: this parcel cannot be handled"


async def test_a_retry_that_succeeds_resolves_the_letter_with_one_effect(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    # It failed as long as fewer than two attempts had; the letter counts those that were made.
    one = await die(context, tenant_id, mood="fails twice")
    [letter] = await letters(operator)
    assert await parcel(context, tenant_id, one) is None
    answer = await operator.post(f"{PATH}/dead-letters/{letter['id']}/retry")
    assert answer.status_code == 200
    assert answer.json()["resolved_at"] is not None
    assert answer.json()["resolution"].startswith("retried, asked by user:")
    assert await parcel(context, tenant_id, one) == (1, 1)
    assert await letters(operator) == []
    again = await operator.post(f"{PATH}/dead-letters/{letter['id']}/retry")
    assert (again.status_code, again.json()["slug"]) == (409, "dead-letter-not-retriable")
    assert await parcel(context, tenant_id, one) == (1, 1)


async def test_a_retry_that_fails_keeps_the_letter_with_the_new_reason(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    one = await die(context, tenant_id)
    [letter] = await letters(operator)
    answer = await operator.post(f"{PATH}/dead-letters/{letter['id']}/retry")
    assert answer.status_code == 200
    assert answer.json()["resolved_at"] is None
    assert answer.json()["attempts"] == letter["attempts"] + 1
    assert await parcel(context, tenant_id, one) is None
    assert [item["id"] for item in await letters(operator)] == [letter["id"]]


async def test_a_retry_of_what_was_handled_meanwhile_has_no_second_effect(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    one = new_id()
    sent = made(ParcelMoved(parcel_id=one, step=1, mood="fails twice"), tenant_id=tenant_id)
    consumer = Consumer(context, max_attempts=1)
    await consumer.deliver(KEEP_LATEST, sent)
    await consumer.deliver(KEEP_LATEST, replace(sent, attempts=2))
    assert await parcel(context, tenant_id, one) == (1, 1)
    [letter] = await letters(operator)
    answer = (await operator.post(f"{PATH}/dead-letters/{letter['id']}/retry")).json()
    assert answer["resolution"].startswith("was handled already")
    assert await parcel(context, tenant_id, one) == (1, 1)


async def test_a_letter_is_skipped_for_a_reason_only(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    await die(context, tenant_id)
    [letter] = await letters(operator)
    path = f"{PATH}/dead-letters/{letter['id']}/skip"
    assert (await operator.post(path, json={})).status_code == 422
    assert (await operator.post(path, json={"reason": "  "})).status_code == 422
    answer = (await operator.post(path, json={"reason": "a test parcel"})).json()
    assert answer["resolution"].endswith(": a test parcel")
    assert await letters(operator) == []
    assert (await operator.post(path, json={"reason": "again"})).status_code == 409


async def test_what_is_no_event_can_only_be_skipped(context: ServiceContext, operator: Client) -> None:
    await Consumer(context).refuse(KEEP_LATEST, b"\x00\xff", {"x\x00": "y\x00"}, "the body is not JSON \x00")
    [letter] = await letters(operator)
    detail = (await operator.get(f"{PATH}/dead-letters/{letter['id']}")).json()
    assert detail["envelope"] == {"attributes": {"x\\0": "y\\0"}, "body_base64": "AP8="}
    path = f"{PATH}/dead-letters/{letter['id']}"
    assert (await operator.post(f"{path}/retry")).status_code == 409
    assert (await operator.post(f"{path}/skip", json={"reason": "noise"})).status_code == 200


async def test_an_event_that_postgres_cannot_store_as_json_is_kept_as_bytes(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    await die(context, tenant_id, data={"parcel_id": "a\x00b"})
    [letter] = await letters(operator)
    detail = (await operator.get(f"{PATH}/dead-letters/{letter['id']}")).json()
    assert set(detail["envelope"]) == {"attributes", "body_base64"}


async def test_an_unknown_letter_is_not_found(operator: Client) -> None:
    path = f"{PATH}/dead-letters/{new_id()}"
    assert (await operator.get(path)).status_code == 404
    assert (await operator.post(f"{path}/retry")).status_code == 404
    assert (await operator.post(f"{path}/skip", json={"reason": "x"})).status_code == 404


async def test_jobs_are_listed_by_state_and_dead_ones_run_again(
    context: ServiceContext, operator: Client, tenant_id: UUID
) -> None:
    broken = True

    async def fragile(uow: Any, args: dict[str, Any]) -> None:
        if broken:
            raise ValueError("broken")

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.defer("fragile", key="one")
        uow.defer("unknown_here")
    runner = JobRunner(context, [Job("fragile", fragile, max_attempts=1)])

    async def listed(state: str) -> list[dict[str, Any]]:
        answer = await operator.get(f"{PATH}/jobs", params={"state": state})
        assert answer.status_code == 200, answer.text
        return [item for item in answer.json()["items"] if item["tenant_id"]]

    assert {item["name"] for item in await listed("waiting")} == {"fragile", "unknown_here"}
    await runner.run_due()
    [dead] = await listed("dead")
    assert (dead["name"], dead["state"], dead["last_error"]) == ("fragile", "dead", "ValueError: broken")
    assert [item["name"] for item in await listed("waiting")] == ["unknown_here"]
    assert await listed("running") == []
    broken = False
    assert (await operator.post(f"{PATH}/jobs/{dead['id']}/retry")).json()["state"] == "waiting"
    await runner.run_due()
    assert await listed("dead") == []
    assert [item["name"] for item in await listed("waiting")] == ["unknown_here"]
    assert (await operator.post(f"{PATH}/jobs/{dead['id']}/retry")).status_code == 404
