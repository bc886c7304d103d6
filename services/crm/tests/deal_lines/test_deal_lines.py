"""Deal lines over HTTP."""

import asyncio
from uuid import UUID

from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.crm.tests.factories import Crm, line, rand


async def test_lines_are_added_changed_replaced_and_removed(crm: Crm) -> None:
    deal = await crm.deal(amount=rand(7))
    path = f"/deals/{deal['id']}/lines"

    first = await crm.post(path, **line("a", 10, 2))
    second = await crm.post(path, **line("b", 1))
    assert (await crm.get(path))["items"] == [first, second]
    assert (await crm.get(f"/deals/{deal['id']}"))["amount"] == rand(21)

    patched = (await crm.client.patch(f"{path}/{first['id']}", json={"quantity": 3})).json()
    assert (patched["quantity"], patched["sku"], patched["total"]) == (3, "a", rand(30))
    assert await crm.get(f"{path}/{first['id']}") == patched
    replaced = (await crm.client.put(f"{path}/{first['id']}", json=line("c", 5))).json()
    assert (replaced["id"], replaced["sku"], replaced["quantity"]) == (first["id"], "c", 1)
    assert (await crm.get(f"/deals/{deal['id']}"))["amount"] == rand(6)

    assert (await crm.client.delete(f"{path}/{first['id']}")).status_code == 204
    assert (await crm.client.delete(f"{path}/{first['id']}")).status_code == 404
    assert (await crm.get(f"/deals/{deal['id']}"))["amount"] == rand(1)
    await crm.client.delete(f"{path}/{second['id']}")
    assert (await crm.get(f"/deals/{deal['id']}"))["amount"] == rand(0)


async def test_null_empties_the_product_and_nothing_else(crm: Crm) -> None:
    product_id = str(new_id())
    deal = await crm.deal(lines=[line() | {"product_id": product_id}])
    path = f"/deals/{deal['id']}/lines/{deal['lines'][0]['id']}"

    kept = (await crm.client.patch(path, json={"name": "Renamed"})).json()
    emptied = (await crm.client.patch(path, json={"product_id": None})).json()

    assert (kept["product_id"], emptied["product_id"]) == (product_id, None)
    for field in ("sku", "name", "quantity", "unit_price"):
        assert (await crm.client.patch(path, json={field: None})).status_code == 422


async def test_lines_of_one_deal_are_in_one_currency(crm: Crm) -> None:
    deal = await crm.deal(lines=[line(), line("b")])
    path = f"/deals/{deal['id']}/lines"

    await crm.refused(422, "currency-mismatch", path, **line(currency="USD"))
    changed = await crm.client.patch(f"{path}/{deal['lines'][0]['id']}", json={"unit_price": rand(1, "USD")})

    assert changed.json()["slug"] == "currency-mismatch"
    assert await crm.get(f"/deals/{deal['id']}") == deal


async def test_the_first_line_brings_its_currency(crm: Crm) -> None:
    deal = await crm.deal()

    await crm.post(f"/deals/{deal['id']}/lines", **line(amount=5, currency="USD"))

    assert (await crm.get(f"/deals/{deal['id']}"))["amount"] == rand(5, "USD")


async def test_bad_lines_are_refused(crm: Crm) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}/lines"

    for change in (
        {"sku": ""},
        {"name": None},
        {"quantity": 0},
        {"quantity": 1_000_001},
        {"unit_price": rand(-1)},
        {"unit_price": {"amount": 1}},
        {"surprise": 1},
        {"sku": "nul\x00"},
    ):
        response = await crm.client.post(path, json=line() | change)
        assert response.status_code == 422, change
    assert (await crm.get(path))["items"] == []


async def test_a_deal_has_at_most_two_hundred_lines(crm: Crm) -> None:
    deal = await crm.deal(lines=[line()] * 200)

    await crm.refused(422, "validation-failed", f"/deals/{deal['id']}/lines", **line())


async def test_lines_added_at_once_all_count(crm: Crm) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}/lines"

    await asyncio.gather(*(crm.post(path, **line(f"s{n}", 10**n)) for n in range(5)))

    assert (await crm.get(f"/deals/{deal['id']}"))["amount"] == rand(11_111)


async def test_the_lines_of_a_closed_deal_stay(crm: Crm) -> None:
    deal = await crm.deal(lines=[line()])
    await crm.post(f"/deals/{deal['id']}/win")
    path = f"/deals/{deal['id']}/lines"
    one = f"{path}/{deal['lines'][0]['id']}"

    await crm.refused(409, "invalid-transition", path, **line())
    assert (await crm.client.patch(one, json={"quantity": 2})).status_code == 409
    assert (await crm.client.delete(one)).status_code == 409


async def test_who_may_see_and_change_lines(
    crm: Crm, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    deal = await crm.deal(lines=[line()])
    path = f"/deals/{deal['id']}/lines"
    one = f"{path}/{deal['lines'][0]['id']}"
    reader = client.acting(user(tenant_id, "crm.deals.read"))
    stranger = client.acting(user(other_tenant_id))

    for method, target, body in (
        ("POST", path, line()),
        ("PATCH", one, {"quantity": 2}),
        ("PUT", one, line()),
        ("DELETE", one, None),
    ):
        assert (await client.acting(None).request(method, target, json=body)).status_code == 401
        refused = await reader.request(method, target, json=body)
        assert (refused.status_code, refused.json()["required_permission"]) == (403, "crm.deals.write")
        assert (await stranger.request(method, target, json=body)).status_code == 404
    for target in (path, one):
        assert (await reader.get(target)).status_code == 200
        assert (await stranger.get(target)).status_code == 404
    assert (await crm.client.get(f"{path}/{new_id()}")).status_code == 404


async def test_an_old_version_of_the_deal_is_refused(crm: Crm) -> None:
    deal = await crm.deal()
    path = f"/deals/{deal['id']}/lines"
    added = await crm.client.post(path, json=line(), headers={"If-Match": '"1"'})

    response = await crm.client.post(path, json=line("b"), headers={"If-Match": '"1"'})

    assert (added.headers["etag"], response.status_code) == ('"2"', 412)
    assert len((await crm.get(path))["items"]) == 1
