"""The pages and documents: they load, they are valid, they need no other host."""

import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Header
from openapi_spec_validator import validate
from pydantic import BaseModel

from gateway.tests.conftest import World, make_world

PAGES = {
    "/": "The back end of a business platform",
    "/api/docs": "swagger-ui-bundle.js",
    "/api/docs/": "swagger-ui-bundle.js",
    "/api/v1/docs": "swagger-ui-bundle.js",
    "/api/v1/docs/swagger": "swagger-ui-bundle.js",
    "/api/redoc": "redoc.standalone.js",
    "/api/v1/docs/redoc": "redoc.standalone.js",
    "/api/events": "pillars.events",
}


class Money(BaseModel):
    amount: int
    currency: str


class Deal(BaseModel):
    name: str
    amount: Money


class Line(BaseModel):
    sku: str


class Holder(BaseModel):
    line: Line


class orders:  # noqa: N801 - a namespace
    class Line(BaseModel):
        sku: str
        quantity: int

    class Holder(BaseModel):
        line: "orders.Line"


def service_document(name: str) -> dict[str, Any]:
    """An API document as a service makes it; both services have Money, Line and Holder, only Money is the same."""
    app = FastAPI(title=name, openapi_url=None)
    router = APIRouter()

    if name == "orders":

        @router.get("/orders/{id}", tags=["orders"], operation_id="get_one")
        async def get_order(id: str) -> orders.Holder: ...

        @router.get("/carts", operation_id="list_carts")
        async def list_carts(x_company_id: str = Header()) -> Money: ...

    else:

        @router.get("/deals/{id}", tags=["deals"], operation_id="get_one")
        async def get_deal(id: str) -> Deal: ...

        @router.get("/chat/for_object", operation_id="list_messages")
        async def list_messages(type: str) -> Money: ...

        @router.get("/deals/{id}/holder", operation_id="get_holder")
        async def get_holder(id: str) -> Holder: ...

        @router.get("/imports", operation_id="list_imports")
        async def list_imports() -> Money: ...

        @router.get("/public/pages/{slug}", openapi_extra={"security": []}, operation_id="get_page")
        async def get_page(slug: str) -> Money: ...

        @router.get("/internal/things", operation_id="inside")
        async def inside() -> Money: ...

    app.include_router(router)
    return app.openapi()


async def merged(world: World) -> dict[str, Any]:
    world.services["crm"].openapi = service_document("crm")
    world.services["orders"].openapi = service_document("orders")
    response = await world.get("/api/schema")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    async def test_a_page_loads_and_so_does_all_it_names(self, world: World, path: str) -> None:
        response = await world.get(path, headers={"Accept": "text/html"})
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "'self'" in response.headers["content-security-policy"]
        assert PAGES[path] in response.text
        assert not re.search(r'(?:src|action)="(?:https?:)?//', response.text)
        assert not re.search(r'<link[^>]+href="(?:https?:)?//', response.text)
        # Inline scripts would be blocked by the policy.
        assert not re.search(r"<script(?![^>]*src=)", response.text)
        assert not re.search(r'\son\w+="', response.text)
        for asset in re.findall(r'(?:src|<link[^>]+href)="(/[^"]+)"', response.text):
            assert (await world.get(asset)).status_code == 200, asset

    async def test_every_link_of_the_start_page_leads_somewhere(self, world: World) -> None:
        await merged(world)
        page = await world.get("/", headers={"Accept": "text/html"})
        for link in set(re.findall(r'<a [^>]*href="(/[^"]*)"', page.text)):
            # Those of the operators lead to a sign-in.
            assert (await world.get(link)).status_code == (401 if "/admin/" in link else 200), link

    async def test_only_development_shows_a_password(self) -> None:
        for environment, shown in {"development": True, "production": False, "test": False}.items():
            async with make_world(common={"environment": environment}) as world:
                page = await world.get("/", headers={"Accept": "text/html"})
                assert ("admin123" in page.text) is shown

    @pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api/v1", "/api/v1/"])
    async def test_programs_get_an_index(self, world: World, path: str) -> None:
        await merged(world)
        index = (await world.get(path, headers={"Accept": "application/json"})).json()
        assert index["resources"]["orders"] == {"carts": "/api/v1/carts"}
        assert index["resources"]["crm"] == {"crm/imports": "/api/v1/crm/imports"}
        assert index["links"]["openapi"] == "/api/schema"

    async def test_files_are_compressed_and_kept(self, world: World) -> None:
        path = "/api/docs/static/swagger-ui-bundle.js"
        response = await world.get(path, headers={"Accept-Encoding": "gzip"})
        assert response.headers["content-encoding"] == "gzip"
        again = await world.get(path, headers={"If-None-Match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("name", ["app.py", "..%2fsettings.py", "favicon.png", "x"])
    async def test_no_other_file_is_served(self, world: World, name: str) -> None:
        assert (await world.get(f"/api/docs/static/{name}")).status_code in (400, 404)

    async def test_the_catalogue_names_every_event(self, world: World) -> None:
        from libs.contracts.catalogue import event_rows

        page = (await world.get("/api/events")).text
        machine = (await world.get("/api/asyncapi.json")).json()
        assert machine["asyncapi"].startswith("3.")
        rows = event_rows()
        assert rows
        assert all(row["wire_name"] in page for row in rows)
        assert set(machine["channels"]) == {row["wire_name"] for row in rows}


class TestMergedDocument:
    async def test_it_is_valid_openapi_3_1(self, world: World) -> None:
        document = await merged(world)
        assert document["openapi"].startswith("3.1")
        validate(document)

    async def test_every_operation_has_an_id_of_its_own_and_a_tag(self, world: World) -> None:
        document = await merged(world)
        operations = [o for item in document["paths"].values() for o in item.values()]
        ids = [operation["operationId"] for operation in operations]
        assert len(ids) == len(set(ids))
        assert all(operation["tags"] for operation in operations)
        assert document["paths"]["/api/v1/deals/{id}"]["get"]["tags"] == ["crm: deals"]

    async def test_every_body_and_every_good_answer_has_an_example(self, world: World) -> None:
        document = await merged(world)
        operations = [o for item in document["paths"].values() for o in item.values()]
        contents = [o["requestBody"]["content"] for o in operations if "requestBody" in o]
        contents += [o["responses"]["200"]["content"] for o in operations]
        assert all("example" in content["application/json"] for content in contents)
        deal = document["paths"]["/api/v1/deals/{id}"]["get"]["responses"]["200"]["content"]
        assert deal["application/json"]["example"] == {
            "name": "Karoo Coffee",
            "amount": {"amount": 19900, "currency": "ZAR"},
        }

    async def test_paths_are_the_public_ones_and_nothing_internal_shows(self, world: World) -> None:
        paths = (await merged(world))["paths"]
        assert {
            "/api/v1/deals/{id}",
            "/api/v1/orders/{id}",
            "/api/v1/crm/imports",
            "/api/v1/admin/bus",
        } <= set(paths)
        assert not [path for path in paths if "internal" in path]

    async def test_what_two_services_name_alike_is_kept_apart_unless_it_is_the_same(
        self, world: World
    ) -> None:
        schemas = (await merged(world))["components"]["schemas"]
        assert "Money" in schemas
        assert {"CrmLine", "OrdersLine", "CrmHolder", "OrdersHolder"} <= set(schemas)
        assert not {"Line", "Holder", "CrmMoney"} & set(schemas)
        assert schemas["OrdersHolder"]["properties"]["line"]["$ref"] == "#/components/schemas/OrdersLine"
        assert "quantity" in schemas["OrdersLine"]["properties"]
        assert "quantity" not in schemas["CrmLine"]["properties"]

    async def test_it_says_how_to_sign_in_and_name_a_business(self, world: World) -> None:
        document = await merged(world)
        assert set(document["components"]["securitySchemes"]) == {"bearer", "api_key"}
        deal = document["paths"]["/api/v1/deals/{id}"]["get"]
        assert {"$ref": "#/components/parameters/CompanyId"} in deal["parameters"]
        assert document["paths"]["/api/v1/public/pages/{slug}"]["get"]["security"] == []
        carts = document["paths"]["/api/v1/carts"]["get"]
        assert len([p for p in carts["parameters"] if p.get("name", "").lower() == "x-company-id"]) == 1

    async def test_a_service_that_answers_with_something_else_is_missing(self, world: World) -> None:
        world.services["crm"].openapi = service_document("crm")
        world.services["orders"].openapi = "no document"
        response = await world.get("/api/schema")
        assert response.status_code == 200
        assert response.headers["x-incomplete"] == "orders"
        assert "/api/v1/deals/{id}" in response.json()["paths"]

    async def test_a_service_that_cannot_be_asked_now_is_in_it_as_it_was(self) -> None:
        async with make_world(document_seconds=0) as world:
            crm = world.services["crm"]
            crm.openapi = service_document("crm")
            crm.is_away = True
            never = await world.get("/api/schema")
            assert never.headers["x-incomplete"] == "crm"
            assert "/api/v1/deals/{id}" not in never.json()["paths"]
            crm.is_away = False
            whole = await world.get("/api/schema")
            assert "/api/v1/deals/{id}" in whole.json()["paths"]
            crm.is_away = True
            again = await world.get("/api/schema", headers={"If-None-Match": whole.headers["etag"]})
            assert again.status_code == 304
            assert "x-incomplete" not in again.headers

    async def test_it_is_made_anew_when_a_service_changes(self) -> None:
        async with make_world(document_seconds=0) as world:
            before = await merged(world)
            first = await world.get("/api/v1/schema")
            same = await world.get("/api/openapi.json", headers={"If-None-Match": first.headers["etag"]})
            assert same.status_code == 304
            assert "/api/v1/deals/{id}" in before["paths"]
            world.services["crm"].openapi = None
            after = await world.get("/api/schema", headers={"If-None-Match": first.headers["etag"]})
            assert after.status_code == 200
            assert "/api/v1/deals/{id}" not in after.json()["paths"]
