"""Endpoints get what they ask for by plans, as the framework would give it."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, Query, Response

from libs.common.http.solving import PLANS, install, plan_of
from libs.common.runtime.app import api_routes, routed
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import load_all
from libs.common.settings import CommonSettings

done: list[str] = []


async def first(mark: Annotated[int, Header()]) -> str:
    done.append("first")
    return f"first {mark}"


async def opened(first: Annotated[str, Depends(first)]) -> AsyncIterator[str]:
    done.append("open")
    try:
        yield f"opened with {first}"
    finally:
        done.append("closed")


async def last(opened: Annotated[str, Depends(opened, scope="function")], response: Response) -> str:
    done.append("last")
    response.headers["x-last"] = "yes"
    return f"last of {opened}"


def in_a_thread() -> str:
    return "in a thread"


async def asked(
    number: int,
    first: Annotated[str, Depends(first)],
    last: Annotated[str, Depends(last)],
    opened: Annotated[str, Depends(opened, scope="function")],
    limit: Annotated[int, Query(ge=1)] = 7,
) -> list[Any]:
    done.append("endpoint")
    return [number, first, opened, last, limit]


async def threaded(given: Annotated[str, Depends(in_a_thread)], tasks: BackgroundTasks) -> str:
    tasks.add_task(done.append, "afterwards")
    return given


@pytest.fixture(params=[True, False], ids=["by plans", "by the framework"])
def app(request: pytest.FixtureRequest) -> Iterator[FastAPI]:
    app, router = FastAPI(), APIRouter()
    router.get("/asked/{number}")(asked)
    router.get("/threaded")(threaded)
    app.router.routes.extend(router.routes)
    if request.param:
        install(app)
    done.clear()
    yield app
    assert bool(getattr(app.state, PLANS, None)) is request.param


async def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, headers=headers)


async def test_each_function_is_called_once_and_in_order(app: FastAPI) -> None:
    answer = await get(app, "/asked/3", mark="5")
    assert answer.json() == [3, "first 5", "opened with first 5", "last of opened with first 5", 7]
    assert answer.headers["x-last"] == "yes"
    assert done == ["first", "open", "last", "endpoint", "closed"]


async def test_all_that_is_wrong_is_told_and_nothing_is_called_that_needs_it(app: FastAPI) -> None:
    answer = await get(app, "/asked/three?limit=0", mark="five")
    assert answer.status_code == 422
    assert {tuple(error["loc"]) for error in answer.json()["detail"]} == {
        ("header", "mark"), ("path", "number"), ("query", "limit"),
    }  # fmt: skip
    assert done == []


async def test_what_is_opened_is_closed_where_something_else_is_wrong(app: FastAPI) -> None:
    assert (await get(app, "/asked/3?limit=0", mark="5")).status_code == 422
    assert done == ["first", "open", "last", "closed"]


async def test_what_plans_have_no_words_for_is_left_to_the_framework(app: FastAPI) -> None:
    assert (await get(app, "/threaded")).json() == "in a thread"
    assert done == ["afterwards"]


def test_each_endpoint_of_the_suite_has_a_plan(common_settings: CommonSettings) -> None:
    without = [
        route.path
        for service in load_all()
        for route in api_routes(routed(ServiceContext(service, common_settings)))
        if plan_of(route.dependant) is None
    ]
    assert without == []
