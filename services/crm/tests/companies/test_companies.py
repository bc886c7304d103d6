"""Companies over HTTP."""

from uuid import UUID

from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.resource_suite import ResourceSuite


class TestCompanies(ResourceSuite):
    """What every resource promises."""

    path = "/companies"
    permission = "crm.companies"
    create = {"name": "Karoo Coffee", "phone": "+27215550100", "country": "ZA", "tags": ["roaster"]}
    changes = {"phone": "+27215550101", "industry": "Food", "tags": []}
    emptied = "phone"
    needs_active = True
    invalid = (
        {"name": ""},
        {"name": 5},
        {"country": "South Africa"},
        {"country": "ZZ"},
        {"email": "nobody"},
        {"tags": [""]},
        {"owner_id": "me"},
    )


async def make(client: Client, name: str) -> None:
    """A company of the client's tenant."""
    response = await client.post("/companies", json={"name": name})
    assert response.status_code == 201, response.text


async def test_a_cursor_of_another_list_is_refused(client: Client) -> None:
    for n in range(3):
        await make(client, f"Company {n}")
    cursor = (await client.get("/companies", params={"limit": 1})).json()["next_cursor"]

    for change in ({"order": "name"}, {"q": "Company"}):
        response = await client.get("/companies", params={"cursor": cursor, **change})
        assert response.json()["slug"] == "invalid-cursor"


async def test_search_takes_wildcards_literally(client: Client) -> None:
    await make(client, "100% Wool")
    await make(client, "100 Days")

    found = (await client.get("/companies", params={"q": "0%"})).json()["items"]

    assert [row["name"] for row in found] == ["100% Wool"]


async def test_a_list_can_be_sorted_by_name(client: Client) -> None:
    for name in ("b", "a", "c"):
        await make(client, name)

    found = (await client.get("/companies", params={"order": "-name"})).json()["items"]

    assert [row["name"] for row in found] == ["c", "b", "a"]


async def test_a_name_filter_stays_within_the_tenant(client: Client, other_tenant_id: UUID) -> None:
    await make(client, "Same")
    await make(client.acting(user(other_tenant_id)), "Same")

    found = (await client.get("/companies", params={"name": "Same"})).json()["items"]

    assert len(found) == 1
