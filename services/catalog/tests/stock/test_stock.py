"""Adjustments, transfers and counts over HTTP."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.catalog.tests.factories import adjust, created, level, product, stocked, store, variant_body
from services.catalog.tests.reservations.facts import reserve


def adjustment(variant_id: str, store_id: str, delta: Any, **fields: Any) -> dict[str, Any]:
    return {
        "variant_id": variant_id,
        "store_id": store_id,
        "quantity_delta": delta,
        "reason": "test",
    } | fields


async def test_stock_is_explained_by_its_movements(client: Client) -> None:
    variant_id, store_id = await stocked(client, 100)
    await adjust(client, store_id, variant_id, -30)

    movements = (await client.get("/inventory/movements", params={"variant_id": variant_id})).json()["items"]
    (row,) = (await client.get("/inventory/stock", params={"variant_id": variant_id})).json()["items"]

    assert [(m["quantity"], m["on_hand_after"]) for m in movements] == [(-30, 70), (100, 100)]
    assert client.actor is not None
    assert {m["actor_id"] for m in movements} == {str(client.actor.user_id)}
    assert row["store_id"] == store_id
    assert row["sku"].startswith("SKU-")
    assert (row["on_hand"], row["reserved"], row["allocated"], row["available"]) == (70, 0, 0, 70)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"reason": "opening"}, "opening"),
        ({"reason": "Purchase"}, "purchase"),
        ({"reason": "found behind the shelf"}, "adjustment"),
        ({"reason": "sale"}, "adjustment"),
        ({"reason": "came back", "type": "return"}, "return"),
    ],
)
async def test_the_reason_or_the_type_says_what_kind_of_movement_it_is(
    client: Client, fields: dict[str, Any], kind: str
) -> None:
    variant_id, store_id = await stocked(client, 0)

    made = await created(client, "/inventory/adjustments", adjustment(variant_id, store_id, 1, **fields))

    assert (made["type"], made["reason"]) == (kind, fields["reason"])


async def test_no_more_is_taken_than_is_free(client: Client, tenant_id: UUID) -> None:
    variant_id, store_id = await stocked(client, 10)
    await reserve(client.acting(system_actor("orders", tenant_id)), new_id(), (variant_id, 4))

    refused = await client.post("/inventory/adjustments", json=adjustment(variant_id, store_id, -7))
    taken = await client.post("/inventory/adjustments", json=adjustment(variant_id, store_id, -6))

    assert (refused.status_code, refused.json()["slug"]) == (409, "insufficient-stock")
    assert refused.json()["lines"] == [{"variant_id": variant_id, "requested": 7, "available": 6}]
    assert taken.status_code == 201
    assert await level(client, variant_id) == (4, 4, 0, 0)


async def test_a_transfer_moves_free_pieces(client: Client, tenant_id: UUID) -> None:
    variant_id, main = await stocked(client, 10)
    second = (await store(client, name="Second"))["id"]
    await reserve(client.acting(system_actor("orders", tenant_id)), new_id(), (variant_id, 4))
    body = {"from_store_id": main, "to_store_id": second, "variant_id": variant_id}

    moved = await created(client, "/inventory/transfers", body | {"quantity": 6, "reason": "shelf"})
    refused = await client.post("/inventory/transfers", json=body | {"quantity": 1})

    assert [(m["type"], m["quantity"]) for m in moved["movements"]] == [
        ("transfer_out", -6),
        ("transfer_in", 6),
    ]
    assert {m["cause_id"] for m in moved["movements"]} == {moved["id"]}
    assert await level(client, variant_id, main) == (4, 4, 0, 0)
    assert await level(client, variant_id, second) == (6, 0, 0, 6)
    assert refused.json()["lines"] == [{"variant_id": variant_id, "requested": 1, "available": 0}]
    same = await client.post("/inventory/transfers", json=body | {"to_store_id": main, "quantity": 1})
    assert same.status_code == 422


async def test_a_count_sets_what_is_there_or_nothing_at_all(client: Client, tenant_id: UUID) -> None:
    one, store_id = await stocked(client, 10)
    two, _ = await stocked(client, 10, store_id=store_id)
    await reserve(client.acting(system_actor("orders", tenant_id)), new_id(), (two, 4))

    def counted(first: int, second: int) -> dict[str, Any]:
        lines = [{"variant_id": one, "counted": first}, {"variant_id": two, "counted": second}]
        return {"store_id": store_id, "lines": lines, "reason": "yearly"}

    refused = await client.post("/inventory/counts", json=counted(12, 3))
    assert refused.json()["lines"] == [{"variant_id": two, "requested": 4, "available": 3}]
    assert await level(client, one) == (10, 0, 0, 10)
    made = await created(client, "/inventory/counts", counted(12, 4))

    assert sorted(m["quantity"] for m in made["movements"]) == [-6, 2]
    assert {m["type"] for m in made["movements"]} == {"count"}
    assert await level(client, one) == (12, 0, 0, 12)
    assert await level(client, two) == (4, 4, 0, 0)
    assert (await created(client, "/inventory/counts", counted(12, 4)))["movements"] == []


async def test_no_stock_is_kept_of_services_and_of_what_is_not_tracked(client: Client) -> None:
    store_id = (await store(client))["id"]
    service = (await product(client, type="service"))["variants"][0]["id"]
    untracked = (await product(client, variant_body(track_stock=False)))["variants"][0]["id"]

    for variant_id in (service, untracked):
        refused = await client.post("/inventory/adjustments", json=adjustment(variant_id, store_id, 1))
        assert (refused.status_code, refused.json()["slug"]) == (409, "stock-not-kept")


async def test_bad_adjustments_are_refused(client: Client) -> None:
    variant_id, store_id = await stocked(client, 5)

    for delta in (0, 1.5, "1", 10**12, True):
        body = adjustment(variant_id, store_id, delta)
        assert (await client.post("/inventory/adjustments", json=body)).status_code == 422, delta
    for fields in ({"reason": ""}, {"type": "sale"}, {"surprise": 1}):
        body = adjustment(variant_id, store_id, 1, **fields)
        assert (await client.post("/inventory/adjustments", json=body)).status_code == 422, fields
    for body in (adjustment(str(new_id()), store_id, 1), adjustment(variant_id, str(new_id()), 1)):
        assert (await client.post("/inventory/adjustments", json=body)).status_code == 404
    assert await level(client, variant_id) == (5, 0, 0, 5)


async def test_strangers_and_those_without_rights_are_refused(
    client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    variant_id, store_id = await stocked(client, 5)
    second = (await store(client, name="Second"))["id"]
    writes: list[tuple[str, Any]] = [
        ("/inventory/adjustments", adjustment(variant_id, store_id, 1)),
        (
            "/inventory/transfers",
            {"from_store_id": store_id, "to_store_id": second, "variant_id": variant_id, "quantity": 1},
        ),
        ("/inventory/counts", {"store_id": store_id, "lines": [{"variant_id": variant_id, "counted": 1}]}),
    ]
    stranger = client.acting(user(other_tenant_id))

    for path, body in writes:
        assert (await client.acting(None).post(path, json=body)).status_code == 401
        refused = await client.acting(user(tenant_id, "catalog.stock.read")).post(path, json=body)
        assert (refused.status_code, refused.json()["required_permission"]) == (403, "catalog.stock.write")
        pending = client.acting(replace(user(tenant_id), tenant_status="pending"))
        assert (await pending.post(path, json=body)).json()["slug"] == "tenant-not-active"
        assert (await stranger.post(path, json=body)).status_code == 404
    for path in ("/inventory/stock", "/inventory/movements", "/inventory/reservations"):
        assert (await client.acting(None).get(path)).status_code == 401
        assert (await client.acting(user(tenant_id, "catalog.products.read")).get(path)).status_code == 403
        assert (await stranger.get(path)).json()["items"] == []
        assert (await client.get(path, params={"surprise": 1})).status_code == 422
    assert await level(client, variant_id) == (5, 0, 0, 5)


async def test_movements_are_read_in_pages(client: Client) -> None:
    variant_id, store_id = await stocked(client, 0)
    for _ in range(5):
        await adjust(client, store_id, variant_id, 1)

    seen: list[int] = []
    params: dict[str, Any] = {"limit": 2, "variant_id": variant_id}
    while True:
        page = (await client.get("/inventory/movements", params=params)).json()
        seen += [row["on_hand_after"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert seen == [5, 4, 3, 2, 1]


async def test_a_change_that_is_repeated_with_its_key_is_made_once(client: Client) -> None:
    variant_id, main = await stocked(client, 10)
    second = (await store(client, name="Second"))["id"]
    changes: dict[str, dict[str, Any]] = {
        "adjustments": adjustment(variant_id, main, 5),
        "transfers": {
            "from_store_id": main,
            "to_store_id": second,
            "variant_id": variant_id,
            "quantity": 6,
        },
        "counts": {"store_id": second, "lines": [{"variant_id": variant_id, "counted": 7}]},
    }

    for name, body in changes.items():
        key = {"Idempotency-Key": str(new_id())}
        first = await client.post(f"/inventory/{name}", json=body, headers=key)
        again = await client.post(f"/inventory/{name}", json=body, headers=key)
        other = await client.post(f"/inventory/{name}", json=body | {"reason": "else"}, headers=key)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["idempotency-replayed"] == "true"
        assert (other.status_code, other.json()["slug"]) == (422, "idempotency-key-reused")

    movements = (await client.get("/inventory/movements", params={"variant_id": variant_id})).json()["items"]
    assert [m["quantity"] for m in movements] == [1, 6, -6, 5, 10]


async def test_a_change_of_stock_that_was_refused_may_be_repeated_with_its_key(client: Client) -> None:
    variant_id, store_id = await stocked(client, 1)
    body, key = adjustment(variant_id, store_id, -2), {"Idempotency-Key": str(new_id())}

    refused = await client.post("/inventory/adjustments", json=body, headers=key)
    await adjust(client, store_id, variant_id, 1)
    taken = await client.post("/inventory/adjustments", json=body, headers=key)

    assert (refused.status_code, taken.status_code) == (409, 201)
    assert await level(client, variant_id) == (0, 0, 0, 0)


async def test_stock_is_found_by_its_sku_and_movements_by_their_reason(client: Client) -> None:
    blend, _ = await stocked(client, 5)
    other, store_id = await stocked(client, 7)
    await created(client, "/inventory/adjustments", adjustment(other, store_id, 1, reason="Behind the shelf"))
    (row,) = (await client.get("/inventory/stock", params={"variant_id": blend})).json()["items"]

    async def found(path: str, text: str) -> list[str]:
        page = (await client.get(f"/inventory/{path}", params={"q": text})).json()
        return [one["variant_id"] for one in page["items"]]

    assert await found("stock", row["sku"].lower()) == [blend]
    assert set(await found("stock", "sku-")) == {blend, other}
    assert await found("stock", "zzqqzz") == []
    assert await found("movements", "THE SHELF") == [other]
    assert await found("movements", "zzqqzz") == []
