"""A rolling restart of every process under load: no request fails, though no client tries anything twice."""

import asyncio
import os
import sys
import time

from deploy.e2e.proof.client import Client
from deploy.e2e.proof.run import Run, Scenario

_AROUND = 5.0


def rolling(times: int) -> Scenario:
    """Restart everything so many times, as an operator does, with `pillars restart`."""

    async def happen(run: Run, client: Client) -> None:
        await asyncio.sleep(_AROUND)
        took = []
        for number in range(times):
            run.say(f"rolling restart {number + 1} of {times}")
            began = time.monotonic()
            restart = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "libs.common.runtime.cli", "restart"),
                env={**os.environ, "PILLARS_HOME": str(run.installation.home)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await restart.communicate()
            took.append(time.monotonic() - began)
            if restart.returncode != 0:
                run.report.breaches.append(f"the restart failed: {said.decode(errors='replace')[-300:]}")
        await asyncio.sleep(_AROUND)
        failed = run.book.failed
        run.report.scenarios["rolling restart"] = {
            "restarts of all processes:": times,
            "each took (s)": round(sum(took) / len(took), 1),
            "requests:": sum(run.book.statuses.values()),
            "failed:": sum(failed.values()),
        }
        run.report.breaches += [f"{n} x {what} failed in a rolling restart" for what, n in failed.items()]

    return happen
