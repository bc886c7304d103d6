"""Companies over HTTP."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client


async def make(client: Client, name: str = "Karoo Coffee", **fields: object) -> dict:
    """A company of the client's tenant."""
    response = await client.post("/companies", json={"name": name, **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_company_is_created_read_changed_and_removed(client: Client) -> None:
    company = await make(client, country="ZA")
    path = f"/companies/{company['id']}"

    assert (await client.get(path)).json() == company
    changed = await client.patch(path, json={"phone": "+27215550100"})
    assert changed.json()["phone"] == "+27215550100"
    assert changed.json()["country"] == "ZA"
    replaced = await client.put(path, json={"name": "Karoo Coffee Roasters"})
    assert replaced.json()["country"] is None
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_null_empties_a_field_and_absent_leaves_it(client: Client) -> None:
    company = await make(client, phone="1", website="https://a.example")
    path = f"/companies/{company['id']}"

    changed = (await client.patch(path, json={"phone": None})).json()

    assert (changed["phone"], changed["website"]) == (None, "https://a.example")


async def test_the_name_cannot_be_emptied(client: Client) -> None:
    company = await make(client)

    response = await client.patch(f"/companies/{company['id']}", json={"name": None})

    assert response.status_code == 422
    assert response.json()["slug"] == "validation-failed"


async def test_an_old_version_is_refused(client: Client) -> None:
    company = await make(client)
    path = f"/companies/{company['id']}"
    etag = (await client.get(path)).headers["etag"]
    await client.patch(path, json={"phone": "1"})

    response = await client.patch(path, json={"phone": "2"}, headers={"If-Match": etag})

    assert response.status_code == 412
    assert (await client.get(path)).json()["phone"] == "1"


async def test_pages_follow_each_other_without_gaps(client: Client) -> None:
    names = [f"Company {n}" for n in range(5)]
    for name in names:
        await make(client, name)

    seen, cursor = [], None
    while True:
        params = {"limit": 2, "order": "name"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/companies", params=params)).json()
        seen += [row["name"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == names


async def test_a_cursor_of_another_list_is_refused(client: Client, other_tenant_id: UUID) -> None:
    for n in range(3):
        await make(client, f"Company {n}")
    cursor = (await client.get("/companies", params={"limit": 1})).json()["next_cursor"]

    other_order = await client.get("/companies", params={"cursor": cursor, "order": "name"})
    other_tenant = await client.acting(user(other_tenant_id)).get("/companies", params={"cursor": cursor})

    assert other_order.json()["slug"] == "invalid-cursor"
    assert other_tenant.json()["slug"] == "invalid-cursor"


async def test_search_takes_wildcards_literally(client: Client) -> None:
    await make(client, "100% Wool")
    await make(client, "100 Days")

    found = (await client.get("/companies", params={"q": "0%"})).json()["items"]

    assert [row["name"] for row in found] == ["100% Wool"]


async def test_anonymous_gets_401(client: Client, tenant_id: UUID) -> None:
    for anyone in (client.acting(None), client.acting(guest(tenant_id))):
        response = await anyone.get("/companies")
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"


async def test_without_the_permission_gets_403(client: Client, tenant_id: UUID) -> None:
    response = await client.acting(user(tenant_id, "crm.companies.read")).post(
        "/companies", json={"name": "x"}
    )

    assert response.status_code == 403
    assert response.json()["required_permission"] == "crm.companies.write"


async def test_another_tenant_gets_404(client: Client, other_tenant_id: UUID) -> None:
    company = await make(client)
    stranger = client.acting(user(other_tenant_id))

    assert (await stranger.get("/companies")).json()["items"] == []
    for method, body in (("GET", None), ("PATCH", {"phone": "1"}), ("PUT", {"name": "x"}), ("DELETE", None)):
        response = await stranger.request(method, f"/companies/{company['id']}", json=body)
        assert response.status_code == 404


async def test_bad_input_is_named_and_changes_nothing(client: Client) -> None:
    for body in (
        {},
        {"name": ""},
        {"name": "x", "surprise": 1},
        {"name": 5},
        {"name": "nul\x00"},
        {"name": "x", "country": "South Africa"},
        {"name": "x", "email": "nobody"},
    ):
        response = await client.post("/companies", json=body)
        assert response.status_code == 422, body
        assert response.json()["type"].startswith("urn:pillars:problem:crm:")
    assert (await client.get("/companies")).json()["items"] == []
    assert (await client.get("/companies", params={"surprise": "1"})).status_code == 422
    assert (await client.get("/companies", params={"q": "\x00"})).status_code == 422
    assert (await client.get(f"/companies/{new_id()}x")).status_code == 422
