"""A PUT takes what a GET gave."""

from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Header
from fastapi.routing import APIRoute

from libs.common.errors import NotFound, PermissionDenied, PreconditionFailed
from libs.common.http.problems import install_problems
from libs.common.http.read_back import ReadBack, names_of, read_back
from libs.common.http.routing import FirstSegmentRouter
from libs.common.http.strict_json import StrictJson
from libs.common.schema import OutSchema, Schema


class ThingIn(Schema):
    """What is written."""

    name: str


class ThingOut(OutSchema):
    """What is read."""

    id: str
    name: str
    state: str
    seen_at: str
    version: int


class Things:
    """One thing, and its app."""

    def __init__(self) -> None:
        self.row = {"id": "7", "name": "a", "state": "new", "seen_at": "now", "version": 3}
        self.readable = True
        router = APIRouter()

        @router.get("/things/{thing_id}", response_model=ThingOut)
        async def get_thing(thing_id: str) -> Any:
            if thing_id != "7":
                raise NotFound("There is no such thing.", resource="thing")
            if not self.readable:
                raise PermissionDenied("No.", required_permission="things.read")
            return self.row

        @router.put("/things/{thing_id}", response_model=ThingOut)
        async def replace_thing(thing_id: str, body: ThingIn, if_match: str | None = Header(None)) -> Any:
            if if_match is not None and if_match != f'"{self.row["version"]}"':
                raise PreconditionFailed("Read it again.", current_version=self.row["version"])
            self.row |= {"name": body.name, "version": int(str(self.row["version"])) + 1}
            return self.row

        @router.put("/blind/{thing_id}", response_model=ThingOut)
        async def replace_blindly(thing_id: str, body: ThingIn) -> Any:
            return self.row

        app = FastAPI()
        install_problems(app, "things")
        app.router = FirstSegmentRouter(router.routes)
        self.routes: Any = router.routes
        for _ in range(2):
            read_back(self.routes)
        # Which gives the body in one piece.
        self.app = StrictJson(app, "things")

    async def put(self, body: Any, path: str = "/things/7", **headers: str) -> httpx.Response:
        """Replace it."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.put(path, json=body, headers=headers)


@pytest.fixture
def things() -> Things:
    """One thing."""
    return Things()


async def test_what_was_read_is_taken_with_what_is_changed(things: Things) -> None:
    done = await things.put({**things.row, "name": "b"})

    assert (done.status_code, done.json()) == (200, {**things.row, "name": "b", "version": 4})


async def test_what_is_only_read_cannot_be_changed_but_for_times(things: Things) -> None:
    sent = {**things.row, "id": "8", "state": "old", "seen_at": "then"}

    refused = await things.put(sent)

    assert (refused.status_code, refused.json()["slug"]) == (422, "validation-failed")
    assert [error["loc"] for error in refused.json()["errors"]] == [["body", "id"], ["body", "state"]]
    assert (await things.put({**things.row, "seen_at": "then"})).status_code == 200


async def test_what_is_unknown_is_refused_as_ever(things: Things) -> None:
    for body in ({**things.row, "surprise": 1}, {"name": "b", "surprise": 1}, [things.row], "x", None):
        assert (await things.put(body)).status_code == 422, body
    assert things.row["version"] == 3


async def test_the_version_counts_as_if_match(things: Things) -> None:
    read = dict(things.row)
    assert (await things.put({"name": "b"})).status_code == 200

    late = await things.put({**read, "state": "as it was then", "name": "c"})
    said = await things.put({**read, "name": "c"}, **{"If-Match": '"4"'})

    assert (late.status_code, late.json()["slug"]) == (412, "precondition-failed")
    # A header says it as well, and is what counts.
    assert said.status_code == 200
    for version in (True, "5", 5.0, None):
        assert (await things.put({"name": "d", "version": version})).status_code == 422, version


async def test_who_may_not_read_it_sends_unknown_fields(things: Things) -> None:
    things.readable = False

    assert (await things.put(things.row)).status_code == 422
    assert (await things.put({"name": "b"})).status_code == 200


async def test_what_there_is_not_is_not_found_either_way(things: Things) -> None:
    missing = await things.put(things.row, "/things/8")

    assert (missing.status_code, missing.json()["slug"]) == (404, "not-found")
    assert (await things.put(things.row, "/blind/7")).status_code == 422


def test_routes_are_prepared_once(things: Things) -> None:
    found = {route.name: route for route in things.routes}

    assert names_of(found["replace_thing"]) == {"id", "state", "seen_at", "version"}
    assert not isinstance(found["replace_thing"].app.app, ReadBack)
    assert not isinstance(found["replace_blindly"].app, ReadBack)


class PartIn(Schema):
    """A part as it is written."""

    name: str


class PartOut(PartIn):
    """A part as it is read."""

    id: str
    seen_at: str


class WholeIn(Schema):
    """What is written: parts, and one part more."""

    parts: list[PartIn] | None = None
    best: PartIn | None = None


class WholeOut(OutSchema):
    """What is read."""

    parts: list[PartOut]
    best: PartOut | None


async def test_parts_are_taken_as_they_were_read() -> None:
    part = {"id": "1", "name": "a", "seen_at": "now"}
    row: dict[str, Any] = {"parts": [part, {**part, "id": "2", "name": "b"}], "best": part}
    taken: list[WholeIn] = []
    app = FastAPI()
    install_problems(app, "wholes")

    @app.get("/wholes/1", response_model=WholeOut)
    async def get_whole() -> Any:
        return row

    @app.put("/wholes/1", response_model=WholeOut)
    async def replace_whole(body: WholeIn) -> Any:
        taken.append(body)
        return row

    read_back(route for route in app.routes if isinstance(route, APIRoute))
    transport = httpx.ASGITransport(StrictJson(app, "wholes"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        renamed = [{"name": "new"}, {**part, "id": "2", "name": "c", "seen_at": "then"}]
        done = await client.put("/wholes/1", json={**row, "parts": renamed})
        refused = await client.put("/wholes/1", json={**row, "parts": [part, {**part, "id": "3"}]})
        other = await client.put("/wholes/1", json={"best": {**part, "id": "2"}})
        strange = await client.put("/wholes/1", json={"parts": [{**part, "surprise": 1}]})

    assert done.status_code == 200
    (body,) = taken
    assert [one.name for one in body.parts or ()] == ["new", "c"]
    assert body.best == PartIn(name="a")
    for answer, place in (
        (refused, ["body", "parts", 1, "id"]),
        (other, ["body", "best", "id"]),
        (strange, ["body", "parts", 0, "surprise"]),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, place)
