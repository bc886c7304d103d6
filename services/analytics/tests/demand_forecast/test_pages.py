"""Lists of forecasts: their order and pages, what is named, and whose they are."""

from uuid import UUID

import pytest

from libs.common.actor import Actor
from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.analytics.demand_forecast.process import Worker
from services.analytics.tests.demand_forecast.conftest import PATH, CatalogStandIn, Item, Shop, refreshed


@pytest.mark.parametrize("is_computed", [True, False])
async def test_pages_go_from_what_sells_most_to_what_sells_least(
    client: Client, shop: Shop, worker: Worker, is_computed: bool
) -> None:
    # Two sell alike, and one sells no more.
    for number, level in enumerate((3, 9, 5, 5, 1)):
        await shop.sell(Item(sku=f"S{number}"), [level] * 12)
    await shop.sell(Item(sku="OLD"), [50] * 12 + [0] * 100)
    if is_computed:
        await refreshed(client, worker)

    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(PATH, params=params)).json()
        seen += [found["sku"] for found in page["items"]]
        assert {found["source"] for found in page["items"]} == {"run" if is_computed else "direct"}
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen[0] == "S1"
    assert set(seen[1:3]) == {"S2", "S3"}
    assert seen[3:] == ["S0", "S4", "OLD"]
    other = await client.get(PATH, params={"limit": 2, "cursor": page["next_cursor"] or "x", "grain": "week"})
    assert other.status_code == 422


async def test_a_cursor_is_of_one_list(client: Client, shop: Shop) -> None:
    for number in range(3):
        await shop.sell(Item(sku=f"S{number}"), [1] * 12)
    cursor = (await client.get(PATH, params={"limit": 1})).json()["next_cursor"]

    response = await client.get(PATH, params={"limit": 1, "cursor": cursor, "grain": "week"})

    assert (response.status_code, response.json()["slug"]) == (422, "invalid-cursor")


async def test_series_can_be_named(client: Client, shop: Shop, worker: Worker) -> None:
    one, twin, other = Item(sku="A"), Item(sku="B"), Item(sku="C")
    twin.product_id = one.product_id
    for item in (one, twin, other):
        await shop.sell(item, [4] * 20)

    for is_computed in (False, True):
        if is_computed:
            await refreshed(client, worker)
        for params, skus in (
            ({"product_id": str(one.product_id)}, {"A", "B"}),
            ({"variant_id": str(twin.variant_id)}, {"B"}),
            ({"sku": "C"}, {"C"}),
            ({"sku": ["A", "C"]}, {"A", "C"}),
            ({"variant_id": [str(twin.variant_id), str(other.variant_id)]}, {"B", "C"}),
            ({"product_id": [str(one.product_id), str(other.product_id)]}, {"A", "B", "C"}),
            ({"product_id": str(one.product_id), "sku": "B"}, {"B"}),
        ):
            page = (await client.get(PATH, params=params)).json()
            assert {found["sku"] for found in page["items"]} == skus, params


async def test_what_is_sold_first_after_a_run_is_computed_at_once(
    client: Client, shop: Shop, worker: Worker
) -> None:
    await shop.sell(Item(sku="A"), [4] * 20)
    await refreshed(client, worker)
    await shop.sell(Item(sku="NEW"), [4] * 20)

    page = (await client.get(PATH, params={"sku": "NEW"})).json()

    assert [(found["sku"], found["source"]) for found in page["items"]] == [("NEW", "direct")]
    assert [found["sku"] for found in (await client.get(PATH)).json()["items"]] == ["A"]


async def test_what_was_never_sold_is_refused_and_what_there_is_not_is_404(
    client: Client, catalog: CatalogStandIn, shop: Shop, tenant_id: UUID
) -> None:
    item = Item(sku="NEW-1")
    catalog.add(tenant_id, item)
    await shop.stock(item, 7)
    product, variant = str(item.product_id), str(item.variant_id)
    for params in (
        {"product_id": product},
        {"variant_id": variant},
        {"sku": "NEW-1"},
        {"product_id": product, "variant_id": variant},
    ):
        page = (await client.get(PATH, params=params)).json()
        [found] = page["items"]
        assert (found["reason"], found["sku"], page["status"]) == ("no-history", "NEW-1", "empty")
        assert found["history"]["from"] is None

    for params in (
        {"product_id": str(new_id())},
        {"variant_id": str(new_id())},
        {"sku": "NONE"},
        {"product_id": str(new_id()), "variant_id": variant},
    ):
        response = await client.get(PATH, params=params)
        assert (response.status_code, response.json()["slug"]) == (404, "not-found"), params


async def test_of_several_that_are_named_those_never_sold_are_refused_beside_the_others(
    client: Client, catalog: CatalogStandIn, shop: Shop, tenant_id: UUID
) -> None:
    sold, fresh = Item(sku="OLD"), Item(sku="NEW")
    await shop.sell(sold, [4] * 20)
    for item in (sold, fresh):
        catalog.add(tenant_id, item)
        await shop.stock(item, 7)
    nothing = str(new_id())

    for params in (
        {"variant_id": [str(fresh.variant_id), str(sold.variant_id), nothing]},
        {"product_id": [str(fresh.product_id), nothing, str(sold.product_id)]},
        {"sku": ["NONE", "NEW", "OLD"]},
    ):
        page = (await client.get(PATH, params=params)).json()
        told = [(found["sku"], found.get("reason")) for found in page["items"]]
        assert told == [("OLD", None), ("NEW", "no-history")], params
        # What is forecast is queued all the same.
        assert page["run"]["status"] == "queued"


async def test_without_sales_there_is_an_empty_list(client: Client) -> None:
    page = (await client.get(PATH)).json()

    assert (page["items"], page["next_cursor"], page["status"], page["run"]) == ([], None, "empty", None)


async def test_another_business_sees_nothing_of_it(
    client: Client,
    catalog: CatalogStandIn,
    shop: Shop,
    worker: Worker,
    tenant_id: UUID,
    other_tenant_id: UUID,
) -> None:
    item = Item()
    catalog.add(tenant_id, item)
    await shop.sell(item, [4] * 20)
    await shop.stock(item, 7)
    run = await refreshed(client, worker)
    other = client.acting(user(other_tenant_id))

    assert (await other.get(PATH)).json()["items"] == []
    assert (await other.get(f"{PATH}/runs")).json()["items"] == []
    assert (await other.get(f"{PATH}/runs/{run['id']}")).status_code == 404
    for name in ("product_id", "variant_id", "sku"):
        response = await other.get(PATH, params={name: str(getattr(item, name))})
        assert response.status_code == 404, name


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "", "analytics.demand_forecast.read"),
        ("GET", "/runs", "analytics.demand_forecast.read"),
        ("GET", "/runs/01a200b2-23e0-7524-84ac-4cd89c985d4d", "analytics.demand_forecast.read"),
        ("POST", "/refresh", "analytics.demand_forecast.refresh"),
    ],
)
async def test_each_operation_asks_for_its_permission_and_the_feature(
    client: Client, tenant_id: UUID, method: str, path: str, permission: str
) -> None:
    async def status(actor: Actor | None) -> tuple[int, str | None]:
        response = await client.acting(actor).request(method, PATH + path)
        return response.status_code, response.json().get("slug")

    assert await status(None) == (401, "unauthenticated")
    assert await status(guest(tenant_id)) == (401, "unauthenticated")
    assert await status(user(tenant_id, "analytics.reports.read")) == (403, "permission-denied")
    lacking = user(tenant_id, permission, features=frozenset({"analytics.insights"}))
    assert await status(lacking) == (403, "feature-not-in-plan")
    allowed = user(tenant_id, permission, features=frozenset({"analytics.forecasting"}))
    assert (await status(allowed))[0] in (200, 202, 404)
