"""The API document of the whole suite: valid, and each operation told well enough to be called."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from deploy.e2e.conftest import Shop, Suite
from deploy.e2e.list_plans.endpoints import ALL_LISTS
from gateway.routes import public_path

_PROBLEM = "application/problem+json"


@pytest.fixture
async def document(suite: Suite) -> dict[str, Any]:
    """The merged document as clients get it."""
    async with suite.client() as client:
        response = await client.get("/schema")
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its method and path."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


async def test_it_is_valid_and_whole(document: dict[str, Any]) -> None:
    validate(document)
    services = {operation["tags"][0].partition(": ")[0] for _, operation in operations(document)}
    assert services == {
        "gateway",
        "identity",
        "crm",
        "catalog",
        "orders",
        "payments",
        "notifications",
        "analytics",
    }


async def test_every_operation_has_an_id_a_summary_and_problems(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for name, operation in operations(document):
        shared = document["components"]["responses"]
        problems = {
            status: shared[status] if "$ref" in response else response
            for status, response in operation["responses"].items()
            if status[0] in "45"
        }
        assert operation["summary"], name
        assert problems, name
        assert all(_PROBLEM in response["content"] for response in problems.values()), name


async def test_every_json_body_and_answer_has_an_example_that_fits_its_schema(
    document: dict[str, Any],
) -> None:
    components = {"components": document["components"]}
    for name, operation in operations(document):
        bodies = operation.get("requestBody", {}).get("content", {})
        answers = [r for status, r in operation["responses"].items() if status.startswith("2")]
        for content in (bodies, *(answer.get("content", {}) for answer in answers)):
            for media in (content[kind] for kind in content if kind == "application/json"):
                assert "example" in media, name
                problems = list(
                    Draft202012Validator(media["schema"] | components).iter_errors(media["example"])
                )
                assert not problems, (name, problems[0].message)


async def test_all_that_the_index_names_can_be_opened(suite: Suite, staff: dict[str, str]) -> None:
    async with suite.client(**staff) as client:
        index = (await client.get("/")).json()
        paths = [path for service in index["resources"].values() for path in service.values()]
        assert len(paths) > 50
        for path in paths:
            response = await client.get(f"{suite.url}{path}")
            assert response.status_code == 200, (path, response.text[:200])


async def test_every_list_names_the_fields_it_can_be_sorted_by(document: dict[str, Any]) -> None:
    shared = document["components"]["parameters"]
    told = {}
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            found = shared[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
            if found["name"] == "order":
                told[name] = found["description"]

    assert len(told) > 50
    assert "-created_at unless given: created_at, updated_at, name;" in told["GET /api/v1/contacts"]
    assert "-time unless given: time;" in told["GET /api/v1/audit-log"]
    assert all(" unless given: " in description for description in told.values())


async def test_what_is_made_can_be_read_where_it_is_said_to_be(
    suite: Suite, document: dict[str, Any], shop: Shop
) -> None:
    told = [
        operation["responses"]["201"]["headers"]["Location"]["description"].split("`")[1]
        for _, operation in operations(document)
        if "headers" in operation["responses"].get("201", {})
    ]
    assert len(told) > 30
    assert not [place for place in told if "get" not in document["paths"].get(f"/api/v1{place}", {})]
    async with suite.client() as client:
        made = await client.post("/categories", json={"name": "Mugs"}, headers=shop.owner)
        read = await client.get(urljoin(str(made.url), made.headers["location"]), headers=shop.owner)
    assert (made.status_code, read.json()) == (201, made.json())


async def test_every_search_is_one_that_the_lists_are_tried_with(document: dict[str, Any]) -> None:
    searched = {
        path
        for path, item in document["paths"].items()
        if any(parameter.get("name") == "q" for parameter in item.get("get", {}).get("parameters", ()))
    }
    # An export is the pages of its list, one after another.
    assert searched - {"/api/v1/audit-log/export"} == {
        public_path(one.service, one.path) for one in ALL_LISTS
    }
