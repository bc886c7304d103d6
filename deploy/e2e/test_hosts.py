"""A shop under a host name of its own: there once that is proven, and gone with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.e2e.conftest import Shop, Suite
from libs.common.ids import new_id
from libs.common.testing.eventually import eventually


class Shown:
    """What the DNS shows."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name."""
        return self.records.get(name, [])

    async def file(self, url: str) -> str | None:
        """No site shows a file."""
        return None


@pytest.fixture
def dns(suite: Suite) -> Iterator[Shown]:
    """The DNS that identity asks."""
    resources = suite.host.contexts["identity"].resources
    before, resources["proofs"] = resources["proofs"], Shown()
    yield resources["proofs"]
    resources["proofs"] = before


async def test_a_shop_is_reached_under_the_host_name_that_it_has_proven(
    suite: Suite, shop: Shop, dns: Shown
) -> None:
    host = f"shop-{new_id().hex}.example"
    path = f"/tenants/{shop.company}/domains"
    async with suite.client(**shop.owner) as owner, suite.client(Host=f"{host}:443") as guest:

        async def seen(**headers: str) -> Any:
            answer = await guest.get("/products", headers=headers)
            return [one["name"] for one in answer.json()["items"]] if answer.status_code == 200 else None

        claimed = (await owner.post(path, json={"host": host})).json()
        own, record = f"{path}/{claimed['id']}", claimed["verification"]["dns"]
        assert await seen() is None
        assert (await owner.post(f"{own}/verify")).json()["slug"] == "domain-not-verified"
        dns.records[record["name"]] = ["v=spf1 -all", record["value"]]
        verified = await owner.post(f"{own}/verify")
        assert (verified.status_code, verified.json()["verified_by"]) == (200, "dns")

        assert await eventually(seen, 5) == ["House blend"]
        # Where the host leads is what counts, whatever else a request says.
        assert await seen(**{"X-Company-Id": str(new_id())}) == ["House blend"]
        assert (await owner.delete(own)).status_code == 204

        async def is_gone() -> bool:
            return await seen() is None

        await eventually(is_gone, 5)
