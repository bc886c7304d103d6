"""A mail that is asked for leaves at a moment that nobody foresees, whether there is such an account or not."""

from datetime import timedelta
from itertools import pairwise

from sqlalchemy import text

from libs.common.clock import ManualClock
from libs.common.testing.plugin import MakeContext
from services.identity.manifest import SERVICE
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import Platform, World


async def test_the_work_of_a_mail_waits_for_some_moment_within_the_time(
    make_context: MakeContext, identity_settings: IdentitySettings
) -> None:
    clock = ManualClock()
    settings = identity_settings.model_copy(update={"link_mail_seconds": 40.0})
    context = await make_context(SERVICE, settings=settings, clock=clock)
    context.resources["proofs"] = World()
    platform, start = Platform(context), clock.now()
    owner = await platform.business()
    for email in [owner.email, platform.email()] * 4:
        assert (await platform.post("/auth/password/forgot", {"email": email})).status_code == 202

    async with context.unit_of_work(platform=True) as uow:
        rows = text("SELECT run_at FROM identity.jobs WHERE name = 'mail_link' AND created_at >= :start")
        run_at = sorted((await uow.session.execute(rows, {"start": start})).scalars())
        await uow.session.execute(
            text("DELETE FROM identity.jobs WHERE name = 'mail_link' AND run_at >= :start"), {"start": start}
        )

    asked = [at for at in run_at if start <= at < start + timedelta(seconds=40)]
    assert len(asked) == len(run_at) == 8
    # Eight at random among so many microseconds.
    assert all(one < other for one, other in pairwise(asked))
    assert asked[-1] - asked[0] > timedelta(milliseconds=100)
