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


async def test_variants_swap_their_skus_and_hand_them_on_to_new_ones(client: Client) -> None:
    mug = await product(client, *(variant_body(sku=sku, options={"size": sku}) for sku in "ABC"))
    path, body = f"/products/{mug['id']}", {"name": mug["name"], "status": mug["status"]}
    a, b, c = ({"id": one["id"], "price": one["price"]} for one in mug["variants"])

    swapped = await client.put(
        path, json=body | {"variants": [a | {"sku": "B"}, b | {"sku": "A"}, c | {"sku": "C"}]}
    )
    assert swapped.status_code == 200, swapped.text
    assert {one["id"]: one["sku"] for one in swapped.json()["variants"]} == {
        a["id"]: "B",
        b["id"]: "A",
        c["id"]: "C",
    }
    moved = await client.put(
        path,
        json=body
        | {"variants": [variant_body(sku="C"), b | {"sku": "D"}, a | {"sku": "A"}, c | {"sku": "B"}]},
    )
    assert moved.status_code == 200, moved.text
    found = {one["id"]: one["sku"] for one in moved.json()["variants"]}
    assert (found.pop(a["id"]), found.pop(b["id"]), found.pop(c["id"])) == ("A", "D", "B")
    assert list(found.values()) == ["C"]


async def test_a_sku_of_another_product_is_not_taken_and_all_stays_as_it_was(client: Client) -> None:
    await product(client, variant_body(sku="PAN"))
    mug = await product(client, variant_body(sku="A"), variant_body(sku="B"))
    path, body = f"/products/{mug['id']}", {"name": mug["name"], "status": mug["status"]}
    a, b = ({"id": one["id"]} for one in mug["variants"])

    refused = await client.put(path, json=body | {"variants": [a | {"sku": "B"}, b | {"sku": "PAN"}]})

    assert (refused.status_code, refused.json()["slug"]) == (409, "already-exists")
    assert refused.json()["skus"] == ["PAN"]
    assert [one["sku"] for one in (await client.get(path)).json()["variants"]] == ["A", "B"]
