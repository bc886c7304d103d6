"""A worker that runs what is due and may die of it: one interpreter, one child for each life.

Called with a database, the actor and a folder of failpoints; reads lines, and for each lets a child run what is due and
prints how that ended: 0, or minus the number of the signal.
"""

import asyncio
import os
import sys

import orjson

from libs.common.actor import Actor
from libs.common.failpoints import arm
from libs.common.jobs.runner import JobRunner
from libs.common.runtime.context import ServiceContext
from libs.common.testing.plugin import settings_for_tests
from services.crm.automation.jobs import JOBS
from services.crm.manifest import SERVICE
from services.crm.tests.automation.office import Office


async def live(url: str, actor: Actor, folder: str) -> None:
    """Run all that is due, unless a moment comes at which to die."""
    settings = settings_for_tests(url, failpoints=folder)
    arm(settings)
    assert actor.tenant_id is not None
    assert actor.user_id is not None
    office = Office(ServiceContext(SERVICE, settings), actor.tenant_id)
    office.identity.actors[actor.user_id] = actor
    await JobRunner(office.context, [job for job in JOBS if job.every is None]).run_due()
    await office.context.close()


def main() -> None:
    """Live once for each line."""
    url, said, folder = sys.argv[1:]
    actor = Actor.from_json(orjson.loads(said))
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(live(url, actor, folder))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


main()
