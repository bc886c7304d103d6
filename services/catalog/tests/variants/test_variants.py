"""Variants and their prices over HTTP."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.catalog import PriceChanged
from services.catalog.tests.factories import created, product, variant_body


@pytest.fixture
async def mug(client: Client) -> dict[str, Any]:
    """A product with one variant."""
    return await product(client, variant_body(sku="L", options={"size": "L"}, barcode="600"))


def path_of(mug: dict[str, Any]) -> str:
    return f"/products/{mug['id']}/variants/{mug['variants'][0]['id']}"


def rand(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "ZAR"}


async def test_a_variant_is_added_changed_replaced_and_removed(client: Client, mug: dict[str, Any]) -> None:
    added = await created(client, f"/products/{mug['id']}/variants", variant_body(sku="S", price=rand(9900)))
    path = f"/products/{mug['id']}/variants/{added['id']}"
    product_path = f"/products/{mug['id']}"

    assert (await client.get(path)).json() == added
    assert (await client.get(product_path)).json()["price"] == rand(9900)
    changed = await client.patch(path, json={"price": rand(8900), "weight_g": 5})
    assert (changed.json()["price"], changed.json()["weight_g"]) == (rand(8900), 5)
    assert (await client.get(product_path)).json()["price"] == rand(8900)
    replaced = (await client.put(path, json={"sku": "XS"})).json()
    assert (replaced["sku"], replaced["weight_g"], replaced["price"]) == ("XS", None, rand(8900))
    assert [v["sku"] for v in (await client.get(f"{product_path}/variants")).json()["items"]] == ["L", "XS"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.get(product_path)).json()["price"] == rand(19900)


async def test_null_empties_a_field_but_not_the_price(client: Client, mug: dict[str, Any]) -> None:
    kept = await client.patch(path_of(mug), json={"weight_g": 1})
    emptied = await client.patch(path_of(mug), json={"barcode": None})

    assert kept.json()["barcode"] == "600"
    assert emptied.json()["barcode"] is None
    for field in ("price", "sku"):
        assert (await client.patch(path_of(mug), json={field: None})).status_code == 422


async def test_what_was_changed_of_a_variant_is_in_the_audit_log(
    client: Client, context: ServiceContext, tenant_id: UUID, mug: dict[str, Any]
) -> None:
    await client.patch(path_of(mug), json={"weight_g": 7})

    told = [event.data for event in await emitted(context, tenant_id, CHANGE_RECORDED["catalog"])]
    (change,) = [one for one in told if (one["resource"], one["action"]) == ("variant", "updated")]
    assert (change["resource_id"], change["after"]) == (mug["variants"][0]["id"], {"weight_g": 7})


async def test_an_old_version_is_refused(client: Client, mug: dict[str, Any]) -> None:
    old = {"If-Match": (await client.get(path_of(mug))).headers["etag"]}
    assert (await client.patch(path_of(mug), json={"weight_g": 1}, headers=old)).status_code == 200

    assert (await client.patch(path_of(mug), json={"weight_g": 2}, headers=old)).status_code == 412
    assert (await client.delete(path_of(mug), headers=old)).status_code == 412


async def test_skus_are_unique_in_the_business_until_the_variant_is_gone(
    client: Client, mug: dict[str, Any], other_tenant_id: UUID
) -> None:
    pan = await product(client, variant_body(sku="P"))

    for response in (
        await client.post(f"/products/{pan['id']}/variants", json=variant_body(sku="L")),
        await client.patch(path_of(pan), json={"sku": "L"}),
    ):
        assert (response.status_code, response.json()["slug"]) == (409, "already-exists")
    await product(client.acting(user(other_tenant_id)), variant_body(sku="L"))
    await client.delete(path_of(mug))
    assert (await client.patch(path_of(pan), json={"sku": "L"})).status_code == 200


async def test_each_change_of_price_is_recorded_and_told_once(
    client: Client, context: ServiceContext, tenant_id: UUID, mug: dict[str, Any]
) -> None:
    variant_id = mug["variants"][0]["id"]

    posted = await created(client, f"/variants/{variant_id}/prices", {"price": rand(15000)})
    again = await created(client, f"/variants/{variant_id}/prices", {"price": rand(15000)})
    await client.patch(path_of(mug), json={"price": {"amount": 900, "currency": "EUR"}})
    await client.patch(path_of(mug), json={"price": {"amount": 900, "currency": "EUR"}})

    assert again == posted
    history = (await client.get(f"/variants/{variant_id}/price-history")).json()["items"]
    steps = [(row["old_price"], row["price"]) for row in history]
    euro = {"amount": 900, "currency": "EUR"}
    assert steps == [(rand(15000), euro), (rand(19900), rand(15000)), (None, rand(19900))]
    now = (await client.get(f"/variants/{variant_id}/prices")).json()["items"]
    assert [row["price"] for row in now] == [euro]
    events = [e.data for e in await emitted(context, tenant_id, PriceChanged)]
    assert [(e["old_price"], e["price"]) for e in events] == list(reversed(steps))
    assert (await client.get(f"/products/{mug['id']}")).json()["price"] == euro
    first_page = (await client.get(f"/variants/{variant_id}/price-history", params={"limit": 2})).json()
    rest = {"limit": 2, "cursor": first_page["next_cursor"]}
    second_page = (await client.get(f"/variants/{variant_id}/price-history", params=rest)).json()
    assert first_page["items"] + second_page["items"] == history


@pytest.mark.parametrize(
    "price",
    [
        {"amount": -1, "currency": "ZAR"},
        {"amount": 1, "currency": "QQQ"},
        {"amount": 1.0, "currency": "ZAR"},
        5,
    ],
)
async def test_bad_prices_are_refused(client: Client, mug: dict[str, Any], price: Any) -> None:
    variant_id = mug["variants"][0]["id"]

    assert (await client.post(f"/variants/{variant_id}/prices", json={"price": price})).status_code == 422
    assert (await client.patch(path_of(mug), json={"price": price})).status_code == 422


async def test_strangers_and_those_without_rights_are_refused(
    client: Client, tenant_id: UUID, other_tenant_id: UUID, mug: dict[str, Any]
) -> None:
    variant_id = mug["variants"][0]["id"]
    reads = [f"/products/{mug['id']}/variants", path_of(mug), f"/variants/{variant_id}/prices"]
    writes: list[tuple[str, str, Any]] = [
        ("POST", f"/products/{mug['id']}/variants", variant_body()),
        ("PATCH", path_of(mug), {"weight_g": 1}),
        ("PUT", path_of(mug), variant_body()),
        ("DELETE", path_of(mug), None),
        ("POST", f"/variants/{variant_id}/prices", {"price": rand(1)}),
    ]
    calls = [("GET", path, None) for path in [*reads, f"/variants/{variant_id}/price-history"]]

    for method, path, body in calls + writes:
        assert (await client.acting(None).request(method, path, json=body)).status_code == 401
        stranger = client.acting(user(other_tenant_id))
        assert (await stranger.request(method, path, json=body)).status_code == 404, (method, path)
    for method, path, body in writes:
        reader = client.acting(user(tenant_id, "catalog.products.read", "catalog.prices.read"))
        assert (await reader.request(method, path, json=body)).status_code == 403
        pending = client.acting(replace(user(tenant_id), tenant_status="pending"))
        assert (await pending.request(method, path, json=body)).json()["slug"] == "tenant-not-active"
    wrong = f"/products/{(await product(client))['id']}/variants/{variant_id}"
    assert (await client.get(wrong)).status_code == 404


async def test_other_services_look_variants_up_in_one_call(
    client: Client, tenant_id: UUID, mug: dict[str, Any]
) -> None:
    service = await product(client, name="Lesson", type="service", status="draft", tax_class="education")
    ids = [mug["variants"][0]["id"], service["variants"][0]["id"]]
    orders = client.acting(system_actor("orders", tenant_id))

    found = (
        await orders.post("/internal/variants/lookup", json={"variant_ids": [*ids, str(new_id())]})
    ).json()["items"]

    first, second = sorted(found, key=lambda item: ids.index(item["variant_id"]))
    assert first == {
        "variant_id": ids[0],
        "product_id": mug["id"],
        "sku": "L",
        "name": "Enamel mug (L)",
        "product_name": "Enamel mug",
        "price": rand(19900),
        "weight_g": None,
        "type": "goods",
        "status": "active",
        "tax_class": None,
        "options": {"size": "L"},
        "track_stock": True,
    }
    assert (second["type"], second["status"], second["track_stock"]) == ("service", "draft", False)
    assert second["tax_class"] == "education"
    assert len(found) == 2
    assert (await client.post("/internal/variants/lookup", json={"variant_ids": []})).status_code == 403
