"""A worker that dies with SIGKILL in the midst of a job; started by a test, with its settings on standard input."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings


async def die(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """End at once."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Run the one job there is."""
    context = ServiceContext(SERVICE, CommonSettings(**json.load(sys.stdin)))
    await JobRunner(context, [Job("deliver", die, lease=0.5)]).run_due()


if __name__ == "__main__":
    asyncio.run(main())
