"""A product that is replaced as a whole: its variants are known by their ids."""

from libs.common.ids import new_id
from libs.common.testing.client import Client
from services.catalog.tests.factories import adjust, product, store, variant_body


async def test_a_product_is_sent_back_as_it_was_read_and_a_variant_keeps_its_id_under_another_sku(
    client: Client,
) -> None:
    small, large = (variant_body(options={"size": size}) for size in ("S", "L"))
    mug = await product(client, small, large)
    path, place = f"/products/{mug['id']}", (await store(client))["id"]
    first, second = mug["variants"]
    await adjust(client, place, first["id"], 3)
    read = (await client.get(path)).json()
    first, second = read["variants"]

    same = await client.put(path, json=read)
    assert same.status_code == 200, same.text
    assert [one["id"] for one in same.json()["variants"]] == [first["id"], second["id"]]
    read = same.json()
    first, second = read["variants"]
    renamed = await client.put(path, json=read | {"variants": [first | {"sku": "MUG-RENAMED"}, second]})
    assert renamed.status_code == 200, renamed.text

    found = {one["id"]: one for one in renamed.json()["variants"]}
    assert found.keys() == {first["id"], second["id"]}
    assert (found[first["id"]]["sku"], found[first["id"]]["in_stock"]) == ("MUG-RENAMED", True)
    assert found[second["id"]]["price"] == second["price"]
    body = {name: renamed.json()[name] for name in ("name", "status")}
    for variants in (
        [small | {"id": str(new_id())}],
        [small | {"id": first["id"]}, large | {"id": first["id"]}],
    ):
        refused = await client.put(path, json=body | {"variants": variants})
        assert (refused.status_code, refused.json()["slug"]) == (422, "validation-failed"), refused.text
