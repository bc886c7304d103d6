"""Where things are that a POST makes."""

from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from libs.common.http.created import place_of, say_where
from libs.common.ids import new_id
from libs.common.schema import OutSchema

ID = new_id()
router = APIRouter()


class TaskOut(OutSchema):
    """A task."""

    id: UUID = ID


class LineOut(OutSchema):
    """A line."""

    id: UUID = ID


class MemberOut(OutSchema):
    """A member, who is named by the id of a user."""

    user_id: UUID = ID


class CountOut(OutSchema):
    """What has no id."""

    total: int = 1
    id: UUID = ID


async def answer() -> dict[str, object]:
    """One of any of them."""
    return {}


for path, model in (
    ("/tasks/{task_id}", TaskOut),
    ("/deals/{code}/lines/{line_id}", LineOut),
    ("/teams/{team_id}/members/{user_id}", MemberOut),
    ("/members/{number}", MemberOut),
    ("/counts/{count_id}", CountOut),
):
    router.get(path, response_model=model)(answer)

PLACES = {
    "/tasks": ("/tasks/{task_id}", TaskOut),
    "/deals/{code}/tasks": ("/tasks/{task_id}", TaskOut),
    "/tasks/{task_id}/parts": (None, TaskOut),
    "/deals/{code}/lines": ("/deals/{code}/lines/{line_id}", LineOut),
    "/lines": (None, LineOut),
    "/teams/{team_id}/members": ("/teams/{team_id}/members/{user_id}", MemberOut),
    "/members": (None, MemberOut),
    "/counts": (None, CountOut),
}
for path, (_, model) in PLACES.items():
    router.post(path, status_code=201, response_model=model)(answer)
router.post("/tasks/all", response_model=TaskOut)(answer)
BY_PATH = {(route.path, *route.methods): route for route in router.routes}  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", PLACES)
def test_what_is_made_is_where_it_can_be_read(path: str) -> None:
    assert place_of(BY_PATH[path, "POST"], list(BY_PATH.values())) == PLACES[path][0]


def test_what_answers_200_makes_nothing() -> None:
    assert place_of(BY_PATH["/tasks/all", "POST"], list(BY_PATH.values())) is None


async def test_the_place_is_within_the_one_that_was_asked() -> None:
    app = FastAPI()
    say_where(BY_PATH.values())
    app.router.routes.extend(router.routes)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        line = await client.post("/deals/a b%3F%7B/lines")
        task = await client.post("/deals/7/tasks")
    assert line.headers["location"] == f"/api/v1/deals/a%20b%3F%7B/lines/{ID}"
    assert task.headers["location"] == f"/api/v1/tasks/{ID}"
