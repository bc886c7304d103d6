"""Categories over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from libs.common.ids import new_id
from libs.common.privacy.erasing import erase_some
from libs.common.privacy.people import Person
from libs.common.privacy.places import Place
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest
from libs.common.testing.client import Client
from libs.common.testing.resource_suite import ResourceSuite
from services.catalog.manifest import SERVICE
from services.catalog.tests.factories import created, product


class TestCategories(ResourceSuite):
    """What every resource does."""

    path = "/categories"
    permission = "catalog.categories"
    create: ClassVar[dict[str, Any]] = {"name": "Mugs", "description": "To drink from", "position": 1}
    changes: ClassVar[dict[str, Any]] = {"name": "Cups", "position": 2}
    emptied = "description"
    invalid = ({"name": ""}, {"position": -1}, {"slug": "no spaces"}, {"parent_id": "x"})
    needs_active = True


async def category(client: Client, name: str, parent: dict[str, Any] | None = None) -> dict[str, Any]:
    return await created(client, "/categories", {"name": name, "parent_id": parent and parent["id"]})


async def test_slugs_are_made_from_names_and_told_apart(client: Client) -> None:
    slugs = [
        (await category(client, name))["slug"]
        for name in ("Café & Bar", "Cafe   bar", "CAFÉ-BAR", "Кружки", "!")
    ]

    assert slugs == ["cafe-bar", "cafe-bar-2", "cafe-bar-3", "кружки", "item"]


async def test_categories_of_one_name_made_at_once_get_different_slugs(client: Client) -> None:
    made = await asyncio.gather(*(category(client, "Mugs") for _ in range(6)))

    assert {one["slug"] for one in made} == {"mugs", *(f"mugs-{n}" for n in range(2, 7))}


async def test_a_slug_that_is_taken_is_refused(client: Client) -> None:
    mugs, cups = await category(client, "Mugs"), await category(client, "Cups")

    made = await client.post("/categories", json={"name": "x", "slug": "mugs"})
    changed = await client.patch(f"/categories/{cups['id']}", json={"slug": "mugs"})
    same = await client.patch(f"/categories/{mugs['id']}", json={"slug": "mugs"})

    assert (made.status_code, made.json()["slug"]) == (409, "already-exists")
    assert (changed.status_code, changed.json()["slug"]) == (409, "already-exists")
    assert same.status_code == 200


async def test_renaming_and_replacing_keep_the_slug(client: Client) -> None:
    mugs = await category(client, "Mugs")
    path = f"/categories/{mugs['id']}"

    assert (await client.patch(path, json={"name": "Cups"})).json()["slug"] == "mugs"
    assert (await client.put(path, json={"name": "Cups"})).json()["slug"] == "mugs"


async def test_the_tree_nests_by_parent_and_sorts_by_position_and_name(client: Client) -> None:
    kitchen = await category(client, "Kitchen")
    mugs = await category(client, "Mugs", kitchen)
    await category(client, "Bowls", kitchen)
    await client.patch(f"/categories/{mugs['id']}", json={"position": 1})
    await category(client, "Attic")

    tree = (await client.get("/categories/tree")).json()["items"]
    below = (await client.get("/categories", params={"parent_id": kitchen["id"], "order": "name"})).json()

    assert [branch["name"] for branch in tree] == ["Attic", "Kitchen"]
    assert [branch["name"] for branch in tree[1]["children"]] == ["Bowls", "Mugs"]
    assert [row["name"] for row in below["items"]] == ["Bowls", "Mugs"]


async def test_a_category_cannot_be_below_itself(client: Client) -> None:
    top = await category(client, "Top")
    middle = await category(client, "Middle", top)
    bottom = await category(client, "Bottom", middle)

    for parent in (top, middle, bottom):
        response = await client.patch(f"/categories/{top['id']}", json={"parent_id": parent["id"]})
        assert (response.status_code, response.json()["slug"]) == (409, "category-cycle")
    assert (await client.patch(f"/categories/{bottom['id']}", json={"parent_id": None})).status_code == 200


async def test_two_moves_at_once_make_no_circle(client: Client) -> None:
    for _ in range(5):
        one, two = await category(client, "One"), await category(client, "Two")
        answers = await asyncio.gather(
            client.patch(f"/categories/{one['id']}", json={"parent_id": two["id"]}),
            client.patch(f"/categories/{two['id']}", json={"parent_id": one["id"]}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_parent_that_is_not_there_is_refused(client: Client, other_tenant_id: UUID) -> None:
    stranger = client.acting(replace(client.actor, tenant_id=other_tenant_id))  # type: ignore[type-var]
    foreign = await category(stranger, "Foreign")

    for parent_id in (str(new_id()), foreign["id"]):
        response = await client.post("/categories", json={"name": "x", "parent_id": parent_id})
        assert response.status_code == 404


async def test_a_category_with_something_below_it_stays(client: Client) -> None:
    top = await category(client, "Top")
    child = await category(client, "Child", top)
    mug = await product(client, category_id=child["id"])

    for one in (top, child):
        response = await client.delete(f"/categories/{one['id']}")
        assert (response.status_code, response.json()["slug"]) == (409, "category-in-use")
    assert (await client.delete(f"/products/{mug['id']}")).status_code == 204
    for one in (child, top):
        assert (await client.delete(f"/categories/{one['id']}")).status_code == 204


async def test_guests_see_the_categories_of_active_businesses_only(client: Client, tenant_id: UUID) -> None:
    mugs = await category(client, "Mugs")
    looking = guest(tenant_id, "catalog.categories.read")
    closed = client.acting(replace(looking, tenant_status="suspended"))

    assert [row["id"] for row in (await client.acting(looking).get("/categories")).json()["items"]] == [
        mugs["id"]
    ]
    assert (await closed.get("/categories")).json()["items"] == []
    assert (await closed.get("/categories/tree")).json()["items"] == []
    assert (await closed.get(f"/categories/{mugs['id']}")).status_code == 404


async def test_categories_of_a_closed_business_go_whatever_lies_beneath_them(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    parent: str | None = None
    for name in ("Coffee", "Beans", "Dark"):
        made = await client.post("/categories", json={"name": name, "parent_id": parent})
        assert made.status_code == 201, made.text
        parent = made.json()["id"]
    business = Person(new_id(), None, None, tenant_id, is_business=True)

    place, erased = Place(table="categories"), 0
    for _ in range(3):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            receipt = await erase_some(uow, business, SERVICE.metadata, SERVICE.privacy, place, room=1)
        assert receipt.next is not None
        place, erased = receipt.next, erased + receipt.erased

    assert (place.table, erased) == ("categories", 3)
    assert (await client.get("/categories")).json()["items"] == []
