"""What is told as it happens is told to those whom it concerns. It comes before the walk, which changes who may do what."""

import pytest

from deploy.e2e.isolation.neighbours import World, secrets_of
from deploy.e2e.isolation.world import Business

pytestmark = pytest.mark.xdist_group("isolation")


async def test_a_stream_tells_of_ones_own_only(world: World) -> None:
    secrets = secrets_of(world.suite, world.two)

    async def assign(business: Business, name: str) -> None:
        await business.make(
            "/tasks",
            {"name": name, "assignee_id": business.ids["owner_id"]},
            who=business.colleague,
        )

    # From the beginning, as one who names an event of the other's stream as the last that he saw would have it too.
    for last in ("0", "1"):
        headers = {**world.one.owner, "Last-Event-ID": last}
        heard = ""
        async with world.http.stream("GET", "/api/v1/notifications/stream", headers=headers) as stream:
            assert stream.status_code == 200
            await assign(world.two, f"Listen {last}")
            await assign(world.one, f"Hear {last}")
            async for line in stream.aiter_lines():
                heard += line + "\n"
                if f"Hear {last}" in line:
                    break
        assert world.one.marker in heard
        assert not secrets.found(heard)
