"""The walk finds what is planted: a filter that is missing, a scope that stays, an operation that nobody can try."""

import pytest

from deploy.e2e.hostile.bodies import Document
from deploy.e2e.isolation.floors import Rewriting, left_behind, no_row_security
from deploy.e2e.isolation.neighbours import World

pytestmark = pytest.mark.xdist_group("isolation")


async def test_a_planted_missing_filter_without_a_policy_is_found(world: World) -> None:
    walk = await world.walk(below="/api/v1/contacts")
    contexts, url = world.suite.host.contexts, world.suite.settings.database_url
    async with no_row_security(url, "crm.contacts"):
        with Rewriting().no_filters(contexts, "crm.contacts"):
            await walk.own()
            await walk.foreign_ids()
            await walk.foreign_filters()
    found = "\n".join(walk.crossings)
    assert "GET /api/v1/contacts (own) answers 200 with" in found
    assert "GET /api/v1/contacts/{contact_id} (id) takes the id of another" in found
    assert "PATCH /api/v1/contacts/{contact_id} (id) takes the id of another" in found
    assert "GET /api/v1/contacts (q) answers 200 with" in found


async def test_a_planted_setting_of_the_session_is_found(world: World) -> None:
    contexts = {"crm": world.suite.host.contexts["crm"]}
    await world.two.come_back()
    assert await left_behind(contexts) == []
    async with Rewriting().session_wide(contexts) as rewriting:
        assert (await world.http.get("/api/v1/contacts", headers=world.two.owner)).status_code == 200
        assert rewriting.count
        found = await left_behind(contexts)
    assert any(world.two.company in sentence for sentence in found), found
    assert await left_behind(contexts) == []


async def test_an_operation_that_nobody_knows_how_to_try_is_found(world: World) -> None:
    operation = {
        "tags": ["crm: secrets"],
        "parameters": [{"name": "secret_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"planet_id": {"type": "string", "format": "uuid"}},
                    }
                }
            }
        },
        "responses": {"200": {"description": "Done"}},
    }
    walk = await world.walk(below="/api/v1/secrets")
    walk.document = Document({"paths": {"/api/v1/secrets/{secret_id}": {"post": operation}}})
    await walk.foreign_ids()
    await walk.foreign_references()
    found = "\n".join(walk.crossings + walk.untried())
    assert "needs something in both businesses: make it in world.py" in found
    assert "has planet_id: say in REFERENCES what it refers to" in found
    assert "POST /api/v1/secrets/{secret_id} was not tried" in found
