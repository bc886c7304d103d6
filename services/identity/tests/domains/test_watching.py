"""Host names that lead somewhere are looked at again, and lost where the proof stays away."""

from typing import Any
from uuid import UUID

import pytest

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import AccessChanged, DomainProofMissing
from services.identity.domains.jobs import look_at_proofs_again
from services.identity.tests.outsiders import Platform, Registered

DAY = 86_400


class Watched:
    """A host name that was proven by the DNS, and the days that pass."""

    def __init__(self, context: ServiceContext, owner: Registered, boss: Client, domain: Any) -> None:
        self.context, self.owner, self.boss, self.domain = context, owner, boss, domain
        self.path = f"/tenants/{owner.company_id}/domains/{domain['id']}"
        self.record = domain["verification"]["dns"]
        self.show()

    def show(self, value: str | None = None) -> None:
        """Let the DNS show the proof, or something else."""
        self.context.resources["proofs"].records[self.record["name"]] = [value or self.record["value"]]

    async def pass_days(self, days: int) -> Any:
        """Let the job run every day; the host name after that."""
        for _ in range(days):
            self.context.clock.advance(seconds=DAY)
            for _ in range(2):
                async with self.context.unit_of_work(platform=True) as uow:
                    await look_at_proofs_again(uow, {})
        return (await self.boss.get(self.path)).json()

    async def told(self) -> list[bool]:
        """What the business was told: of each time whether the host name was lost."""
        events = await emitted(self.context, self.owner.company_id, DomainProofMissing)
        return [event.data["is_lost"] for event in events]


@pytest.fixture
async def watched(later: ServiceContext, future: Platform) -> Watched:
    """A host name that leads to a business."""
    owner = await future.business()
    boss = await future.signed_in(owner.email)
    made = await boss.post(
        f"/tenants/{owner.company_id}/domains", json={"host": f"s{owner.company_id}.example"}
    )
    found = Watched(later, owner, boss, made.json())
    assert (await boss.post(f"{found.path}/verify", json={"method": "dns"})).status_code == 200
    return found


async def leads_to(platform: Platform, host: str) -> UUID | None:
    """Where a guest gets to by a host name."""
    actor = (await platform.authenticate(None, host=host)).json()["actor"]
    return UUID(actor["tenant_id"]) if "tenant_id" in actor else None


async def test_a_proof_that_stays_is_looked_at_once_a_day(watched: Watched) -> None:
    before = (await watched.boss.get(watched.path)).json()["checked_at"]

    same = await watched.pass_days(8)

    assert (same["is_verified"], same["misses"], same["verification"]) == (True, 0, None)
    assert same["checked_at"] > before
    assert await watched.told() == []


async def test_a_proof_that_is_away_for_some_days_loses_nothing_and_is_told_of_once(
    watched: Watched, future: Platform
) -> None:
    watched.show("something else")

    away = await watched.pass_days(6)

    # What is to be in the DNS is shown again.
    assert (away["is_verified"], away["misses"]) == (True, 6)
    assert away["verification"]["dns"] == watched.record
    assert await leads_to(future, away["host"]) == watched.owner.company_id
    assert await watched.told() == [False]
    watched.show()
    back = await watched.pass_days(1)
    assert (back["is_verified"], back["misses"], back["verification"]) == (True, 0, None)
    watched.show("something else")
    assert (await watched.pass_days(6))["is_verified"] is True
    assert await watched.told() == [False, False]


async def test_a_proof_that_stays_away_loses_the_host_name_until_it_is_verified_anew(
    watched: Watched, future: Platform
) -> None:
    watched.show("something else")

    lost = await watched.pass_days(7)

    assert (lost["is_verified"], lost["verified_by"]) == (False, None)
    assert await leads_to(future, lost["host"]) is None
    assert await watched.told() == [False, True]
    assert await emitted(watched.context, watched.owner.company_id, AccessChanged)
    assert (await watched.boss.post(f"{watched.path}/verify")).status_code == 409
    watched.show()
    again = await watched.boss.post(f"{watched.path}/verify")
    assert (again.status_code, again.json()["misses"]) == (200, 0)
    assert await leads_to(future, lost["host"]) == watched.owner.company_id


async def test_a_host_name_that_was_proven_by_a_file_is_proven_for_good(
    later: ServiceContext, future: Platform
) -> None:
    owner = await future.business()
    boss = await future.signed_in(owner.email)
    made = (
        await boss.post(f"/tenants/{owner.company_id}/domains", json={"host": f"f{owner.company_id}.example"})
    ).json()
    file = made["verification"]["file"]
    later.resources["proofs"].files[file["url"]] = file["content"]
    found = Watched(later, owner, boss, made)
    found.show("nothing")
    assert (await boss.post(f"{found.path}/verify")).json()["verified_by"] == "file"
    later.resources["proofs"].files.clear()

    assert (await found.pass_days(8))["is_verified"] is True
