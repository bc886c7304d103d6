"""Products over HTTP."""

import asyncio
from typing import Any, ClassVar
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.catalog import PriceChanged, ProductChanged, ProductCreated
from services.catalog.tests.factories import adjust, created, product, stocked, store, variant_body


class TestProducts(ResourceSuite):
    """What every resource does."""

    path = "/products"
    permission = "catalog.products"
    create: ClassVar[dict[str, Any]] = {
        "name": "Enamel mug",
        "description": "Blue",
        "attributes": {"material": "enamel"},
        "media": [{"url": "https://cdn.example/mug.jpg", "alt": "A mug"}],
    }
    changes: ClassVar[dict[str, Any]] = {"name": "Tin mug", "status": "active", "tax_class": "reduced"}
    emptied = "description"
    invalid = (
        {"name": ""},
        {"type": "thing"},
        {"status": "gone"},
        {"slug": "-x-"},
        {"media": [{"url": "nowhere"}]},
        {"media": [{"url": "javascript:alert(1)"}]},
        {"attributes": {"color": 5}},
        {"attributes": {"color": "nul\x00"}},
        {"variants": [{"sku": ""}]},
        {"variants": [{"sku": "A", "price": {"amount": 1.5, "currency": "ZAR"}}]},
        {"variants": [{"sku": "A", "price": {"amount": -1, "currency": "ZAR"}}]},
        {"variants": [{"sku": "A", "price": {"amount": 1, "currency": "XYZ"}}]},
        {"variants": [{"sku": "A"}, {"sku": "A"}]},
        {"variants": [{"sku": "A", "options": {"size": 5}}]},
        {"variants": [{"sku": "A", "surprise": 1}]},
    )
    needs_active = True


async def names(client: Client, **params: Any) -> list[str]:
    """The names of the products found, in their order."""
    response = await client.get("/products", params=params)
    assert response.status_code == 200, response.text
    return [row["name"] for row in response.json()["items"]]


async def test_a_product_comes_with_its_variants_and_their_events(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    made = await product(
        client,
        variant_body(sku="L", options={"size": "L"}, weight_g=400),
        variant_body(sku="S", price={"amount": 14900, "currency": "ZAR"}, position=1),
    )

    assert [variant["sku"] for variant in made["variants"]] == ["L", "S"]
    assert made["variants"][0]["options"] == {"size": "L"}
    assert made["price"] == {"amount": 14900, "currency": "ZAR"}
    assert made["in_stock"] is False
    (event,) = await emitted(context, tenant_id, ProductCreated)
    assert event.data["product_id"] == made["id"]
    assert [e.data["old_price"] for e in await emitted(context, tenant_id, PriceChanged)] == [None, None]


async def test_products_of_one_name_made_at_once_get_different_slugs(client: Client) -> None:
    made = await asyncio.gather(*(product(client, name="Mug") for _ in range(5)))

    assert {one["slug"] for one in made} == {"mug", "mug-2", "mug-3", "mug-4", "mug-5"}


async def test_a_slug_is_free_again_once_its_product_is_gone(client: Client) -> None:
    mug = await product(client, name="Mug")
    assert (await client.post("/products", json={"name": "x", "slug": "mug"})).status_code == 409
    await client.delete(f"/products/{mug['id']}")

    assert (await product(client, name="Mug"))["slug"] == "mug"


async def test_a_taken_sku_is_refused_and_leaves_nothing(client: Client, other_tenant_id: UUID) -> None:
    await product(client, variant_body(sku="A"))

    refused = await client.post("/products", json={"name": "x", "variants": [variant_body(sku="A")]})

    assert (refused.status_code, refused.json()["slug"]) == (409, "already-exists")
    assert refused.json()["skus"] == ["A"]
    assert await names(client) == ["Enamel mug"]


async def test_changes_and_removal_are_told(client: Client, context: ServiceContext, tenant_id: UUID) -> None:
    mug = await product(client, status="draft")

    await client.patch(f"/products/{mug['id']}", json={"status": "active"})
    await client.delete(f"/products/{mug['id']}")

    told = [(e.data["status"], e.data["deleted"]) for e in await emitted(context, tenant_id, ProductChanged)]
    assert told == [("active", False), ("active", True)]
    for variant in mug["variants"]:
        path = f"/products/{mug['id']}/variants/{variant['id']}"
        assert (await client.get(path)).status_code == 404


async def test_a_product_in_stock_stays(client: Client) -> None:
    variant_id, _ = await stocked(client, 1)
    (mug,) = (await client.get("/products")).json()["items"]

    for path in (f"/products/{mug['id']}", f"/products/{mug['id']}/variants/{variant_id}"):
        refused = await client.delete(path)
        assert (refused.status_code, refused.json()["slug"]) == (409, "variant-has-stock")


async def test_variants_that_a_put_sends_replace_those_of_other_skus(client: Client) -> None:
    small, large, new = (variant_body(options={"size": size}) for size in ("S", "L", "XL"))
    mug = await product(client, small, large)
    ids = {variant["sku"]: variant["id"] for variant in mug["variants"]}
    path, place = f"/products/{mug['id']}", (await store(client))["id"]
    await adjust(client, place, ids[small["sku"]], 3)
    dearer = small | {"price": {"amount": 29900, "currency": "ZAR"}}
    body = {"name": "Tin mug", "status": "active"}

    changed = (await client.put(path, json=body | {"variants": [dearer, new]})).json()
    kept = (await client.put(path, json=body)).json()
    refused = await client.put(path, json=body | {"variants": [new]})
    twice = await client.put(path, json=body | {"variants": [small, small]})

    found = {variant["sku"]: variant for variant in changed["variants"]}
    assert found.keys() == {small["sku"], new["sku"]}
    assert (found[small["sku"]]["id"], found[small["sku"]]["price"]["amount"]) == (ids[small["sku"]], 29900)
    assert (changed["price"]["amount"], changed["in_stock"]) == (19900, True)
    assert kept["variants"] == changed["variants"]
    assert (refused.status_code, refused.json()["slug"]) == (409, "variant-has-stock")
    assert twice.status_code == 422
    assert (await client.get(path)).json()["variants"] == changed["variants"]


async def test_a_category_that_is_not_there_is_refused(client: Client) -> None:
    assert (
        await client.post("/products", json={"name": "x", "category_id": str(new_id())})
    ).status_code == 404


async def test_media_are_changed_with_the_product_too(client: Client) -> None:
    mug = await product(client)
    media = [{"url": "https://cdn.example/a.jpg", "alt": "A mug"}]
    changed = await client.patch(f"/products/{mug['id']}", json={"media": media})
    assert changed.status_code == 200
    assert changed.json()["media"] == media


async def test_media_are_read_and_replaced_on_their_own(client: Client) -> None:
    mug = await product(client, media=[{"url": "https://cdn.example/a.jpg"}])
    path = f"/products/{mug['id']}/media"

    before = (await client.get(path)).json()["items"]
    after = await client.put(path, json={"items": [{"url": "https://cdn.example/b.mp4", "alt": "Film"}]})

    assert before == [{"url": "https://cdn.example/a.jpg", "alt": None}]
    assert after.json()["items"] == [{"url": "https://cdn.example/b.mp4", "alt": "Film"}]
    assert (await client.get(f"/products/{mug['id']}")).json()["media"] == after.json()["items"]
    assert (await client.put(path, json={"items": [{"url": "x"}]})).status_code == 422


async def test_products_are_found_by_category_with_its_branches(client: Client) -> None:
    kitchen = await created(client, "/categories", {"name": "Kitchen"})
    mugs = await created(client, "/categories", {"name": "Mugs", "parent_id": kitchen["id"]})
    await product(client, name="Mug", category_id=mugs["id"])
    await product(client, name="Pan", category_id=kitchen["id"])
    await product(client, name="Rug")

    assert await names(client, category="kitchen", order="name") == ["Mug", "Pan"]
    assert await names(client, category="mugs") == ["Mug"]
    assert await names(client, category=kitchen["id"], order="name") == ["Mug", "Pan"]
    assert await names(client, category=["nothing", mugs["id"]]) == ["Mug"]
    assert await names(client, category_id=[str(new_id()), mugs["id"]]) == ["Mug"]
    assert await names(client, category_id=kitchen["id"], order="-name") == ["Pan", "Mug"]
    assert await names(client, category="nothing") == []
    assert await names(client, category="kitchen", category_id=mugs["id"]) == ["Mug"]
    assert await names(client, category="mugs", category_id=kitchen["id"]) == ["Mug"]


async def test_products_are_found_and_sorted_by_price(client: Client) -> None:
    for name, amount, currency in (("A", 300, "ZAR"), ("B", 100, "ZAR"), ("C", 200, "EUR")):
        await product(client, variant_body(price={"amount": amount, "currency": currency}), name=name)
    await created(client, "/products", {"name": "Unpriced"})

    assert await names(client, order="price") == ["B", "C", "A", "Unpriced"]
    assert await names(client, order="-price", currency="ZAR") == ["A", "B"]
    assert await names(client, price_min=200, order="price") == ["C", "A"]
    assert await names(client, price_max=200, currency="ZAR") == ["B"]
    assert (await client.get("/products", params={"currency": "XYZ"})).status_code == 422


async def test_pages_by_price_include_those_without_one(client: Client) -> None:
    for amount in (100, 100, None, None, 200):
        price = None if amount is None else {"amount": amount, "currency": "ZAR"}
        await product(client, variant_body(price=price))

    seen: list[str] = []
    params: dict[str, Any] = {"order": "price", "limit": 2, "facets": True}
    while True:
        page = (await client.get("/products", params=params)).json()
        seen += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        params = {"order": "price", "limit": 2, "cursor": page["next_cursor"]}

    assert len(seen) == len(set(seen)) == 5


async def test_products_are_found_by_attributes_and_options(client: Client) -> None:
    await product(client, name="A", attributes={"color": ["blue", "white"], "material": "tin"})
    await product(client, variant_body(options={"color": "red"}), name="B", attributes={"material": "tin"})
    await product(client, name="C")

    assert await names(client, **{"attr.color": "blue"}) == ["A"]
    assert await names(client, **{"attr.color": "red"}) == ["B"]
    assert await names(client, **{"attr.color": ["red", "white"], "order": "name"}) == ["A", "B"]
    assert await names(client, **{"attr.color": "red", "attr.material": "tin"}) == ["B"]
    assert await names(client, **{"attr.color": "green"}) == []


@pytest.mark.parametrize("name", ["color", "attr.", "attr", "attr." + "x" * 51, "attr.nul\x00"])
async def test_other_parameters_are_refused(client: Client, name: str) -> None:
    response = await client.get("/products", params={name: "blue"})

    assert (response.status_code, response.json()["slug"]) == (422, "validation-failed")


async def test_a_cursor_is_bound_to_the_attributes(client: Client) -> None:
    for _ in range(2):
        await product(client, attributes={"color": "blue"})
    params: dict[str, Any] = {"limit": 1, "attr.color": "blue"}
    cursor = (await client.get("/products", params=params)).json()["next_cursor"]

    assert (await client.get("/products", params=params | {"cursor": cursor})).status_code == 200
    other = await client.get("/products", params={"limit": 1, "attr.color": "red", "cursor": cursor})
    assert other.json()["slug"] == "invalid-cursor"


async def test_products_are_found_by_stock(client: Client) -> None:
    await stocked(client, 3)
    await product(client, name="Sold out")
    await product(client, name="Lesson", type="service")
    await product(client, variant_body(track_stock=False), name="Endless")

    assert await names(client, in_stock=True, order="name") == ["Enamel mug", "Endless", "Lesson"]
    assert await names(client, in_stock=False) == ["Sold out"]
    shown = {row["name"]: row["in_stock"] for row in (await client.get("/products")).json()["items"]}
    assert shown == {"Sold out": False, "Lesson": True, "Endless": True, "Enamel mug": True}


async def test_products_are_searched_by_name_and_sku(client: Client) -> None:
    await product(client, variant_body(sku="MUG-100%"), name="Enamel mug")
    await product(client, name="Tin pan")

    assert await names(client, q="enamel") == ["Enamel mug"]
    assert await names(client, q="100%") == ["Enamel mug"]
    assert await names(client, q="pan") == ["Tin pan"]


async def test_facets_count_what_was_found(client: Client) -> None:
    mugs = await created(client, "/categories", {"name": "Mugs"})
    for color in ("blue", "blue", "red"):
        await product(
            client, variant_body(options={"size": "L"}), category_id=mugs["id"], attributes={"color": color}
        )
    await product(client, status="draft", attributes={"color": "green"})

    facets = (await client.get("/products", params={"facets": True, "status": "active", "limit": 1})).json()[
        "facets"
    ]

    assert facets["categories"] == [{"category_id": mugs["id"], "name": "Mugs", "count": 3}]
    assert facets["attributes"] == {
        "color": [{"value": "blue", "count": 2}, {"value": "red", "count": 1}],
        "size": [{"value": "L", "count": 3}],
    }
    assert (await client.get("/products")).json()["facets"] is None
